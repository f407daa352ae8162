import java.lang.reflect.Method;
import java.util.List;
import org.jgroups.Address;
import org.jgroups.Event;
import org.jgroups.JChannel;
import org.jgroups.View;
import org.jgroups.util.UUID;

/**
 * A member of a JGroups cluster, of any release from 2.12 to 5.5: what these do not
 * share is called by reflection. Usage: JGroupsPeer STACK.xml CLUSTER NAME
 *
 * Prints a line "KEY VALUE" for what the product says of itself: release, cluster, name,
 * id, address, and whenever it changes view and members. It sends a message every second and
 * leaves when its standard input ends.
 */
public class JGroupsPeer {
    public static void main(String[] args) throws Exception {
        JChannel channel = new JChannel(args[0]);
        call(channel, "setName", args[2]);
        channel.connect(args[1]);
        Address own = channel.getAddress();
        say("release", org.jgroups.Version.description);
        say("cluster", channel.getClusterName());
        say("name", own);
        say("id", own instanceof UUID ? ((UUID) own).toStringLong() : "");
        say("address", physical(channel, own));
        View last = null;
        for (int tick = 0; System.in.available() == 0; tick++) {
            View view = channel.getView();
            if (view != null && !view.equals(last)) {
                last = view;
                say("view", call(view, view.getClass().getName().startsWith("org.jgroups") ? "getViewId" : "getVid"));
                say("members", members(view));
            }
            if (tick % 10 == 5) {
                send(channel, "message of " + own);
            }
            Thread.sleep(100);
        }
        channel.close();
        say("end", "left");
        System.exit(0);
    }

    private static void say(String key, Object value) {
        System.out.println(key + " " + value);
    }

    private static String members(View view) {
        StringBuilder names = new StringBuilder();
        for (Object member : (List<?>) view.getMembers()) {
            names.append(names.length() > 0 ? "," : "").append(member);
        }
        return names.toString();
    }

    private static Object call(Object on, String name, Object... args) throws Exception {
        for (Method m : on.getClass().getMethods()) {
            if (m.getName().equals(name) && m.getParameterTypes().length == args.length && !m.isBridge()) {
                return m.invoke(on, args);
            }
        }
        throw new NoSuchMethodException(name);
    }

    /** The physical address: the question was downcall before 3.0, and is down since. */
    private static Object physical(JChannel channel, Address own) throws Exception {
        Event question = new Event(Event.GET_PHYSICAL_ADDRESS, own);
        for (String name : new String[] {"downcall", "down"}) {
            try {
                return JChannel.class.getMethod(name, Event.class).invoke(channel, question);
            } catch (NoSuchMethodException e) {
                // the other one
            }
        }
        return null;
    }

    /** Sends an object to all; 2.12 has a parameter more, the source. */
    private static void send(JChannel channel, String text) throws Exception {
        for (Method m : JChannel.class.getMethods()) {
            Class<?>[] p = m.getParameterTypes();
            if (!m.getName().equals("send") || p.length < 2 || p[0] != Address.class || p[p.length - 1].isArray() || p[p.length - 1].isPrimitive()) {
                continue;
            }
            if (p.length == 2) {
                m.invoke(channel, null, text);
            } else if (p.length == 3) {
                m.invoke(channel, null, null, text);
            } else {
                continue;
            }
            return;
        }
    }
}
