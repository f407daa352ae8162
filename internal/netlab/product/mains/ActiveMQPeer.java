import java.net.URI;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.broker.TransportConnector;

/**
 * An ActiveMQ broker that finds others by multicast. Usage: ActiveMQPeer NAME ADDRESS DISCOVERYGROUP
 *
 * Prints its name, the address that it publishes, and whenever they change the members: the
 * brokers that it has a bridge to. It leaves when its standard input has something.
 */
public class ActiveMQPeer {
    public static void main(String[] args) throws Exception {
        BrokerService broker = new BrokerService();
        broker.setBrokerName(args[0]);
        broker.setPersistent(false);
        broker.setUseJmx(false);
        broker.setUseShutdownHook(false);
        TransportConnector connector = broker.addConnector("tcp://" + args[1] + ":61616");
        connector.setDiscoveryUri(new URI("multicast://default?group=" + args[2]));
        broker.addNetworkConnector("multicast://default?group=" + args[2]);
        broker.start();
        broker.waitUntilStarted();
        System.out.println("name " + broker.getBrokerName());
        System.out.println("address " + connector.getPublishableConnectString());
        String last = "";
        while (System.in.available() == 0) {
            String bridges = broker.getNetworkConnectors().get(0).activeBridges().toString();
            if (!bridges.equals(last)) {
                last = bridges;
                System.out.println("members " + bridges);
            }
            Thread.sleep(200);
        }
        broker.stop();
        broker.waitUntilStopped();
        System.out.println("end left");
        System.exit(0);
    }
}
