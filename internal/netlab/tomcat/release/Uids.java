import java.io.File;
import java.io.ObjectStreamClass;
import java.net.URL;
import java.net.URLClassLoader;

/** Prints the serialVersionUID of each class as each folder of jars has it: FOLDER CLASS UID. */
public class Uids {
  public static void main(String[] args) throws Exception {
    String[] classes = args[0].split(",");
    for (int i = 1; i < args.length; i++) {
      File[] jars = new File(args[i]).listFiles((d, name) -> name.endsWith(".jar"));
      URL[] urls = new URL[jars.length];
      for (int j = 0; j < jars.length; j++) urls[j] = jars[j].toURI().toURL();
      try (URLClassLoader loader = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader())) {
        for (String name : classes)
          System.out.println(args[i] + " " + name + " " + ObjectStreamClass.lookupAny(Class.forName(name, false, loader)).getSerialVersionUID());
      }
    }
  }
}
