<%@ page session="false" contentType="application/json;charset=UTF-8" trimDirectiveWhitespaces="true" import="java.lang.management.ManagementFactory,java.net.InetAddress,javax.management.*,org.apache.catalina.tribes.Member" %><%!
  static String hex(byte[] b) {
    StringBuilder s = new StringBuilder();
    for (byte x : b) s.append(String.format("%02x", x & 255));
    return s.toString();
  }

  static String object(Member m) throws Exception {
    return "{\"host\":\"" + InetAddress.getByAddress(m.getHost()).getHostAddress() + "\",\"port\":" + m.getPort()
        + ",\"alive\":" + m.getMemberAliveTime() + ",\"uniqueId\":\"" + hex(m.getUniqueId()) + "\",\"domain\":\"" + hex(m.getDomain())
        + "\",\"payload\":\"" + hex(m.getPayload()) + "\",\"command\":\"" + hex(m.getCommand()) + "\"}";
  }
%><%
  // The members as the channel lists them, by the bean that it registers.
  MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
  ObjectName channel = null;
  for (ObjectName name : beans.queryNames(new ObjectName("*:type=Channel,*"), null))
    if (beans.isInstanceOf(name, "org.apache.catalina.tribes.group.GroupChannelMBean")) channel = name;
  StringBuilder list = new StringBuilder();
  for (Member m : (Member[]) beans.getAttribute(channel, "Members")) list.append(list.length() == 0 ? "" : ",").append(object(m));
  Member local = (Member) beans.invoke(channel, "getLocalMember", new Object[] {true}, new String[] {"boolean"});
  out.println("{\"members\":[" + list + "],\"local\":" + object(local) + "}");
%>
