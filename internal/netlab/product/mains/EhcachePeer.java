import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import net.sf.ehcache.Cache;
import net.sf.ehcache.CacheManager;
import net.sf.ehcache.distribution.CachePeer;

/**
 * An Ehcache 2 whose cache "basket" is replicated by RMI, with automatic discovery.
 * Usage: EhcachePeer ADDRESS GROUP PORT
 *
 * Prints its own address, and whenever they change the members: the addresses of the peers
 * that it found. It leaves when its standard input has something.
 */
public class EhcachePeer {
    private static final String FACTORIES = "net.sf.ehcache.distribution.";

    public static void main(String[] args) throws Exception {
        String xml = "<ehcache name='orders' updateCheck='false'>"
            + "<cacheManagerPeerProviderFactory class='" + FACTORIES + "RMICacheManagerPeerProviderFactory' properties='peerDiscovery=automatic,"
            + " multicastGroupAddress=" + args[1] + ", multicastGroupPort=" + args[2] + ", timeToLive=1, hostName=" + args[0] + "'/>"
            + "<cacheManagerPeerListenerFactory class='" + FACTORIES + "RMICacheManagerPeerListenerFactory' properties='hostName=" + args[0]
            + ", port=40001, remoteObjectPort=40002, socketTimeoutMillis=2000'/>"
            + "<defaultCache maxEntriesLocalHeap='10'/>"
            + "<cache name='basket' maxEntriesLocalHeap='10' eternal='true'>"
            + "<cacheEventListenerFactory class='" + FACTORIES + "RMICacheReplicatorFactory'/></cache></ehcache>";
        CacheManager manager = CacheManager.create(new ByteArrayInputStream(xml.getBytes("UTF-8")));
        Cache cache = manager.getCache("basket");
        System.out.println("address " + args[0] + ":40001");
        String last = "none yet";
        while (System.in.available() == 0) {
            List<String> peers = new ArrayList<String>();
            for (Object peer : manager.getCacheManagerPeerProvider("RMI").listRemoteCachePeers(cache)) {
                peers.add(((CachePeer) peer).getUrl());
            }
            if (!peers.toString().equals(last)) {
                last = peers.toString();
                System.out.println("members " + last);
            }
            Thread.sleep(200);
        }
        manager.shutdown();
        System.out.println("end left");
        System.exit(0);
    }
}
