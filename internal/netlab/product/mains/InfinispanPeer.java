import org.infinispan.Cache;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.manager.DefaultCacheManager;

/**
 * A node of Infinispan 15 or 16. Usage: InfinispanPeer STACK.xml CLUSTER NAME
 *
 * Prints release, cluster, name, address, and members whenever they change, as the
 * product says them. It leaves when its standard input has something.
 */
public class InfinispanPeer {
    public static void main(String[] args) throws Exception {
        GlobalConfigurationBuilder global = GlobalConfigurationBuilder.defaultClusteredBuilder();
        global.transport().clusterName(args[1]).nodeName(args[2]).addProperty("configurationFile", args[0]);
        DefaultCacheManager manager = new DefaultCacheManager(global.build());
        manager.defineConfiguration("basket", new ConfigurationBuilder().clustering().cacheMode(CacheMode.REPL_SYNC).build());
        Cache<String, String> cache = manager.getCache("basket");
        System.out.println("release " + org.infinispan.commons.util.Version.getVersion());
        System.out.println("cluster " + manager.getClusterName());
        System.out.println("name " + manager.getAddress());
        String last = "";
        for (int tick = 0; System.in.available() == 0; tick++) {
            String members = String.valueOf(manager.getMembers());
            if (!members.equals(last)) {
                last = members;
                System.out.println("members " + members);
            }
            if (tick % 20 == 10) {
                cache.put(args[2], "value " + tick);
            }
            Thread.sleep(100);
        }
        manager.stop();
        System.out.println("end left");
        System.exit(0);
    }
}
