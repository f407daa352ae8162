import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * Prints what a cluster can be configured with: for each class of the jars that has a place in a
 * <Cluster> a line "class roles", and for each of its setters that IntrospectionUtils would call a
 * line "attribute type default", tab-separated. The arguments are the jars.
 */
public class Setters {
  /** Interfaces by the element that wants them, those of Tomcat 5.5 behind those of later ones. */
  private static final String[][] ROLES = {
    {"Cluster", "org.apache.catalina.Cluster"},
    {"Manager", "org.apache.catalina.ha.ClusterManager", "org.apache.catalina.cluster.ClusterManager"},
    {"SessionIdGenerator", "org.apache.catalina.SessionIdGenerator"},
    {"Channel", "org.apache.catalina.tribes.Channel"},
    {"Membership", "org.apache.catalina.tribes.MembershipService", "org.apache.catalina.cluster.MembershipService"},
    {"Member", "org.apache.catalina.tribes.Member"},
    {"Receiver", "org.apache.catalina.tribes.ChannelReceiver", "org.apache.catalina.cluster.ClusterReceiver"},
    {"Sender", "org.apache.catalina.tribes.ChannelSender", "org.apache.catalina.cluster.ClusterSender"},
    {"Transport", "org.apache.catalina.tribes.transport.MultiPointSender"},
    {"Interceptor", "org.apache.catalina.tribes.ChannelInterceptor"},
    {"Valve", "org.apache.catalina.Valve"},
    {"Deployer", "org.apache.catalina.ha.ClusterDeployer", "org.apache.catalina.cluster.ClusterDeployer"},
    {"ClusterListener", "org.apache.catalina.ha.ClusterListener", "org.apache.catalina.cluster.MessageListener"},
  };

  private static String here;

  public static void main(String[] jars) throws Exception {
    here = java.net.InetAddress.getLocalHost().getHostAddress();
    TreeSet<String> names = new TreeSet<>();
    for (String jar : jars) {
      try (JarFile f = new JarFile(jar)) {
        for (Enumeration<JarEntry> e = f.entries(); e.hasMoreElements(); ) {
          String n = e.nextElement().getName();
          if (n.matches("org/apache/catalina/(ha|tribes|cluster|util)/.*\\.class") && !n.contains("$")) {
            names.add(n.substring(0, n.length() - 6).replace('/', '.'));
          }
        }
      }
    }
    for (String name : names) {
      try {
        one(name);
      } catch (Throwable e) {
        // a class that needs what is not in the jars: it cannot be configured here either
      }
    }
    System.out.flush();
    Runtime.getRuntime().halt(0); // some classes start threads
  }

  private static void one(String name) throws Exception {
    Class<?> c = Class.forName(name);
    if (Modifier.isAbstract(c.getModifiers()) || !Modifier.isPublic(c.getModifiers())) return;
    TreeSet<String> all = new TreeSet<>();
    types(c, all);
    List<String> roles = new ArrayList<>();
    for (String[] r : ROLES) {
      for (int i = 1; i < r.length; i++) if (all.contains(r[i]) && !roles.contains(r[0])) roles.add(r[0]);
    }
    if (roles.isEmpty()) return;
    Object o = c.getConstructor().newInstance();
    StringBuilder out = new StringBuilder(name + "\t" + String.join(",", roles) + "\n");
    TreeMap<String, List<Method>> setters = new TreeMap<>();
    for (Method m : c.getMethods()) {
      String n = m.getName();
      if (n.startsWith("set") && n.length() > 3 && m.getParameterCount() == 1) {
        setters.computeIfAbsent(Character.toLowerCase(n.charAt(3)) + n.substring(4), k -> new ArrayList<>()).add(m);
      }
    }
    for (Map.Entry<String, List<Method>> e : setters.entrySet()) {
      out.append("\t" + e.getKey() + "\t" + type(e.getValue()) + "\t" + value(c, o, e.getValue().get(0).getName().substring(3)) + "\n");
    }
    System.out.print(out);
  }

  private static void types(Class<?> c, TreeSet<String> all) {
    for (; c != null; c = c.getSuperclass()) {
      all.add(c.getName());
      for (Class<?> i : c.getInterfaces()) types(i, all);
    }
  }

  /** A String first, then a number or an address; anything else is called with null. */
  private static String type(List<Method> setters) {
    TreeSet<String> types = new TreeSet<>();
    for (Method m : setters) types.add(m.getParameterTypes()[0].getSimpleName());
    for (String t : new String[] {"String", "int", "long", "boolean", "InetAddress"}) if (types.contains(t)) return t;
    return setters.get(0).getParameterTypes()[0].isPrimitive() ? "primitive" : "object";
  }

  private static String value(Class<?> c, Object o, String suffix) {
    for (String prefix : new String[] {"get", "is"}) {
      try {
        Object v = c.getMethod(prefix + suffix).invoke(o);
        if (v == null || v instanceof byte[]) return "";
        String s = v instanceof String || v instanceof Number || v instanceof Boolean ? v.toString() : "?";
        return s.matches(".*@[0-9a-f]+|[0-9]{12,}") || s.equals(here) ? "?" : s; // an object's own number, a time, this host's address
      } catch (ReflectiveOperationException | RuntimeException e) {
        // another name, or not to be had before a start
      }
    }
    return "?";
  }
}
