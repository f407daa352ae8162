import EE.servlet.ServletException;
import EE.servlet.http.HttpServlet;
import EE.servlet.http.HttpServletRequest;
import EE.servlet.http.HttpServletResponse;
import EE.servlet.http.HttpSession;
import java.io.IOException;
import java.util.Enumeration;
import java.util.Map;
import java.util.TreeMap;

/** The application of lab.jsp as one class, for Tomcats that have no compiler of pages. */
public class Lab extends HttpServlet {
  private static String quote(Object o) {
    return '"' + String.valueOf(o).replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private static String[] values(HttpServletRequest q, String name) {
    String[] v = q.getParameterValues(name);
    return v == null ? new String[0] : v;
  }

  public void doGet(HttpServletRequest q, HttpServletResponse answer) throws ServletException, IOException {
    String wanted = q.getRequestedSessionId();
    boolean end = q.getParameter("invalidate") != null, ended = false;
    HttpSession s = q.getSession(!"0".equals(q.getParameter("new")) && !end);
    boolean fresh = s != null && s.isNew();
    Map<String, String> shown = new TreeMap<String, String>();
    StringBuilder b = new StringBuilder("{\"node\":").append(quote(System.getProperty("lab.node")));
    b.append(",\"requested\":").append(wanted == null ? "null" : quote(wanted));
    b.append(",\"id\":").append(s == null ? "null" : quote(s.getId())).append(",\"new\":").append(fresh);
    if (s != null) {
      for (String v : values(q, "set")) s.setAttribute(v.split("=", 2)[0], v.split("=", 2)[1]);
      for (String v : values(q, "incr")) {
        Object o = s.getAttribute(v);
        s.setAttribute(v, Integer.valueOf(o instanceof Integer ? ((Integer) o).intValue() + 1 : 1));
      }
      for (String v : values(q, "maxinactive")) s.setMaxInactiveInterval(Integer.parseInt(v));
      for (Enumeration<?> names = s.getAttributeNames(); names.hasMoreElements();) {
        String n = (String) names.nextElement();
        Object o = s.getAttribute(n);
        shown.put(n, o instanceof Integer ? o.toString() : quote(o));
      }
      b.append(",\"created\":").append(s.getCreationTime()).append(",\"maxinactive\":").append(s.getMaxInactiveInterval());
      if (end) {
        s.invalidate();
        ended = true;
      }
    }
    b.append(",\"invalidated\":").append(ended).append(",\"attrs\":{");
    String between = "";
    for (Map.Entry<String, String> e : shown.entrySet()) {
      b.append(between).append(quote(e.getKey())).append(':').append(e.getValue());
      between = ",";
    }
    answer.setContentType("application/json");
    answer.getWriter().println(b.append("}}"));
  }
}
