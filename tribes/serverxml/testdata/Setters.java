import java.lang.reflect.Method;
import java.util.TreeMap;

/** Prints what the given classes can be configured with: "class", then "attribute type default", tab-separated. */
public class Setters {
  public static void main(String[] names) throws Exception {
    for (String name : names) {
      Class<?> c;
      Object o;
      try {
        c = Class.forName(name);
        o = c.getDeclaredConstructor().newInstance();
      } catch (ReflectiveOperationException e) {
        System.out.println(name + "\tmissing");
        continue;
      }
      System.out.println(name);
      TreeMap<String, String> found = new TreeMap<>();
      for (Method m : c.getMethods()) {
        String n = m.getName();
        if (!n.startsWith("set") || n.length() < 4 || m.getParameterCount() != 1) continue;
        String type = m.getParameterTypes()[0].getSimpleName();
        if (!"String int long boolean InetAddress".contains(type)) continue;
        String attribute = Character.toLowerCase(n.charAt(3)) + n.substring(4);
        if (type.equals("String") || !found.containsKey(attribute)) { // Tomcat takes the one with a String first
          found.put(attribute, type + "\t" + value(c, o, n.substring(3)));
        }
      }
      found.forEach((k, v) -> System.out.println("\t" + k + "\t" + v));
    }
    System.exit(0); // some classes start threads
  }

  private static String value(Class<?> c, Object o, String suffix) {
    for (String prefix : new String[] {"get", "is"}) {
      try {
        Object v = c.getMethod(prefix + suffix).invoke(o);
        return v == null || v instanceof byte[] ? "" : v.toString();
      } catch (ReflectiveOperationException e) {
        // another name, or not to be had before a start
      }
    }
    return "?";
  }
}
