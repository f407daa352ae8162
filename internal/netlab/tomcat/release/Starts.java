import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * Starts a Catalina with one server.xml after the other, each with classes of its own: BASE URL PORTS FILE..., and the
 * jars in the property starts.jars.
 * It prints "case FILE began", then "case FILE served" or "case FILE dead" when the start is over, and "case FILE
 * ended" when that Catalina is gone; it waits for a line on its input before it ends one. What it cannot end (a port of
 * PORTS is still taken) ends the whole with "case FILE stuck".
 */
public class Starts {
  public static void main(String[] args) throws Exception {
    Path xml = Path.of(args[0], "conf", "server.xml");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    List<URL> urls = new ArrayList<>();
    for (String s : System.getProperty("starts.jars").split(":")) urls.add(new File(s).toURI().toURL());
    for (int i = 3; i < args.length; i++) {
      Files.copy(Path.of(args[i]), xml, StandardCopyOption.REPLACE_EXISTING);
      say(args[i], "began");
      URLClassLoader loader = new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
      Thread.currentThread().setContextClassLoader(loader);
      Object catalina = null;
      try {
        catalina = start(loader);
      } catch (Throwable t) {
        for (; t != null; t = t.getCause()) System.err.println("SEVERE start: " + t);
      }
      say(args[i], served(args[1]) ? "served" : "dead");
      in.readLine();
      stop(catalina);
      loader.close();
      boolean free = true;
      for (String port : args[2].split(",")) free &= free(Integer.parseInt(port));
      say(args[i], free ? "ended" : "stuck");
      if (!free) System.exit(0);
    }
    System.exit(0);
  }

  private static void say(String file, String what) {
    System.err.println("case " + new File(file).getName() + " " + what);
  }

  /** As Bootstrap does it, but that nothing waits for the end. */
  private static Object start(ClassLoader loader) throws Exception {
    try { // of a JVM only the first Tomcat can have it
      loader.loadClass("org.apache.catalina.webresources.TomcatURLStreamHandlerFactory").getMethod("disable").invoke(null);
    } catch (ClassNotFoundException e) {
      // to 7.0 there is another, and a second one does no harm
    }
    Class<?> type = loader.loadClass("org.apache.catalina.startup.Catalina");
    Object catalina = type.getConstructor().newInstance();
    type.getMethod("setParentClassLoader", ClassLoader.class).invoke(catalina, loader);
    type.getMethod("setAwait", boolean.class).invoke(catalina, false);
    try {
      type.getMethod("load").invoke(catalina);
    } catch (NoSuchMethodException e) {
      type.getMethod("load", String[].class).invoke(catalina, (Object) new String[] {"start"});
    }
    type.getMethod("start").invoke(catalina);
    return catalina;
  }

  private static boolean served(String url) {
    try {
      HttpURLConnection c = (HttpURLConnection) new URL(url).openConnection();
      c.setRequestProperty("Connection", "close"); // the next one is another Tomcat
      c.setConnectTimeout(5000);
      c.setReadTimeout(20000);
      return c.getResponseCode() == 200;
    } catch (Exception e) {
      return false;
    }
  }

  private static void stop(Object catalina) {
    try {
      if (catalina != null) catalina.getClass().getMethod("stop").invoke(catalina);
    } catch (Throwable t) {
      // What did not start cannot be stopped; the ports tell what is left of it.
    }
    try {
      MBeanServer all = ManagementFactory.getPlatformMBeanServer();
      for (ObjectName n : all.queryNames(new ObjectName("Catalina:*"), null)) all.unregisterMBean(n);
    } catch (Exception e) {
      // It went meanwhile.
    }
  }

  private static boolean free(int port) throws InterruptedException {
    for (int i = 0; i < 20; i++) {
      try (ServerSocket s = new ServerSocket()) {
        s.setReuseAddress(true);
        s.bind(new java.net.InetSocketAddress(InetAddress.getByName("0.0.0.0"), port));
        return true;
      } catch (Exception e) {
        Thread.sleep(100);
      }
    }
    return false;
  }
}
