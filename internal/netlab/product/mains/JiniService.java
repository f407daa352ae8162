import java.lang.reflect.Constructor;
import java.lang.reflect.Method;

/**
 * Starts a service of Apache River in this JVM, as its starter does. Usage: JiniService CLASS CONFIG
 *
 * Prints the proxy, and leaves when its standard input has something.
 */
public class JiniService {
    public static void main(String[] args) throws Exception {
        Object service = null;
        for (Constructor<?> c : Class.forName(args[0]).getDeclaredConstructors()) {
            Class<?>[] p = c.getParameterTypes();
            if (p.length == 2 && p[0] == String[].class) {
                c.setAccessible(true);
                service = c.newInstance(new String[] {args[1]}, null);
            }
        }
        Method proxy = service.getClass().getMethod("getServiceProxy");
        proxy.setAccessible(true);
        System.out.println("started " + proxy.invoke(service));
        while (System.in.available() == 0) {
            Thread.sleep(100);
        }
        // Says goodbye: the lookup service announces that it is in no group.
        Method destroy = service.getClass().getMethod("destroy");
        destroy.setAccessible(true);
        destroy.invoke(service);
        Thread.sleep(2000);
        System.out.println("end left");
        System.exit(0);
    }
}
