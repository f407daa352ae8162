import com.hazelcast.config.Config;
import com.hazelcast.config.XmlConfigBuilder;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;

/**
 * A member of a Hazelcast cluster, of any release from 2.6 to 5.7. Usage:
 * HazelcastPeer CONFIG.xml
 *
 * Prints "address" and, whenever they change, "members": the members as the product writes
 * them. It leaves when its standard input has something.
 */
public class HazelcastPeer {
    public static void main(String[] args) throws Exception {
        Config config = new XmlConfigBuilder(args[0]).build();
        HazelcastInstance instance = Hazelcast.newHazelcastInstance(config);
        System.out.println("address " + instance.getCluster().getLocalMember());
        String last = "";
        while (System.in.available() == 0) {
            String members = instance.getCluster().getMembers().toString().replace('\n', ' ');
            if (!members.equals(last)) {
                last = members;
                System.out.println("members " + members);
            }
            Thread.sleep(100);
        }
        instance.getLifecycleService().shutdown();
        System.out.println("end left");
        System.exit(0);
    }
}
