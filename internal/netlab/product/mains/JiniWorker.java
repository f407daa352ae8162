import java.util.Arrays;
import net.jini.config.Configuration;
import net.jini.config.ConfigurationProvider;
import net.jini.core.entry.Entry;
import net.jini.core.lookup.ServiceRegistrar;
import net.jini.core.lookup.ServiceTemplate;
import net.jini.discovery.DiscoveryEvent;
import net.jini.discovery.DiscoveryListener;
import net.jini.discovery.LookupDiscovery;
import net.jini.space.JavaSpace;

/**
 * A worker of a JavaSpaces cluster: finds a lookup service of its groups, in it a space, and
 * writes a task or takes one. Usage: JiniWorker GROUP,... write|take CONFIG
 *
 * Prints what it found: "locator" with groups and id, "space", and "wrote" or "took". It leaves
 * when its standard input has something.
 */
public class JiniWorker implements DiscoveryListener {
    /** A task in the space. */
    public static class Task implements Entry {
        public String what;
    }

    private final boolean writes;

    private JiniWorker(boolean writes) {
        this.writes = writes;
    }

    public static void main(String[] args) throws Exception {
        Configuration config = ConfigurationProvider.getInstance(new String[] {args[2]});
        LookupDiscovery discovery = new LookupDiscovery(args[0].split(","), config);
        discovery.addDiscoveryListener(new JiniWorker(args[1].equals("write")));
        System.out.println("looking " + args[0]);
        while (System.in.available() == 0) {
            Thread.sleep(100);
        }
        System.exit(0);
    }

    @Override
    public void discovered(DiscoveryEvent event) {
        for (ServiceRegistrar registrar : event.getRegistrars()) {
            try {
                System.out.println("locator " + registrar.getLocator() + " id " + registrar.getServiceID() + " groups " + Arrays.toString(registrar.getGroups()));
                work(registrar);
            } catch (Exception e) {
                e.printStackTrace(System.out);
            }
        }
    }

    private void work(ServiceRegistrar registrar) throws Exception {
        ServiceTemplate template = new ServiceTemplate(null, new Class<?>[] {JavaSpace.class}, null);
        JavaSpace space = null;
        for (int i = 0; i < 60 && space == null; i++) {
            space = (JavaSpace) registrar.lookup(template);
            Thread.sleep(250);
        }
        System.out.println("space " + (space == null ? "none" : space.getClass().getSimpleName()));
        if (space == null) {
            return;
        }
        if (writes) {
            Task task = new Task();
            task.what = "order 1";
            space.write(task, null, 60_000);
            System.out.println("wrote " + task.what);
        } else {
            Task task = (Task) space.take(new Task(), null, 30_000);
            System.out.println("took " + (task == null ? "nothing" : task.what));
        }
    }

    @Override
    public void discarded(DiscoveryEvent event) {
        System.out.println("discarded " + event.getRegistrars().length);
    }
}
