<%@ page session="false" contentType="application/json;charset=UTF-8" trimDirectiveWhitespaces="true" import="java.lang.management.ManagementFactory,java.util.*,javax.management.*" %><%
  // id=ID&name=NAME: whether the manager holds the session, and its attribute as text.
  // By the manager's bean: unlike a request that comes with the id this neither uses
  // the session nor moves it to this node.
  MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
  String path = request.getContextPath().isEmpty() ? "/" : request.getContextPath();
  ObjectName manager = beans.queryNames(new ObjectName("Catalina:type=Manager,context=" + path + ",*"), null).iterator().next();
  String id = request.getParameter("id"), text = "java.lang.String";
  String ids = (String) beans.invoke(manager, "listSessionIds", new Object[0], new String[0]);
  boolean held = Arrays.asList(ids.split(" ")).contains(id);
  Object value = held ? beans.invoke(manager, "getSessionAttribute", new Object[] {id, request.getParameter("name")}, new String[] {text, text}) : null;
  String shown = value == null ? "" : value.toString().replace("\\", "\\\\").replace("\"", "\\\"");
  out.println("{\"held\":" + held + ",\"value\":\"" + shown + "\"}");
%>
