/** Starts the Catalina of this class path, as Bootstrap does; the jars of 5.5 have none. */
public class Start {
  public static void main(String[] args) throws Exception {
    ClassLoader loader = Start.class.getClassLoader();
    Thread.currentThread().setContextClassLoader(loader);
    Class<?> type = Class.forName("org.apache.catalina.startup.Catalina");
    Object catalina = type.getConstructor().newInstance();
    type.getMethod("setParentClassLoader", ClassLoader.class).invoke(catalina, loader);
    type.getMethod("setAwait", boolean.class).invoke(catalina, true);
    try {
      type.getMethod("load").invoke(catalina);
    } catch (NoSuchMethodException e) {
      type.getMethod("load", String[].class).invoke(catalina, (Object) new String[] {"start"});
    }
    type.getMethod("start").invoke(catalina);
  }
}
