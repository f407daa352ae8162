import java.io.*;
import java.lang.reflect.*;
import java.math.*;
import java.net.InetAddress;
import java.net.URI;
import java.net.URL;
import java.time.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;

/**
 * Writes the streams of fixtures.txt: a name, a tab and the bytes in hex on each
 * line. To make them again, in this folder:
 *
 *     java Fixtures.java > fixtures.txt
 *
 * Made with OpenJDK 17. Nothing here depends on the time, the place or chance.
 */
public class Fixtures {
    enum Colour { RED, GREEN { @Override public String toString() { return "grün"; } } }

    record Point(int x, int y, String label) implements Serializable {
        private static final long serialVersionUID = 1;
    }

    static class Base implements Serializable {
        private static final long serialVersionUID = 11;
        int inBase = 7;
        String baseText = "base";
    }

    static class Primitives extends Base {
        private static final long serialVersionUID = 12;
        boolean z = true;
        byte b = -1;
        char c = 'é';
        short s = -2;
        int i = Integer.MIN_VALUE;
        long j = Long.MAX_VALUE;
        float f = 1.5f;
        double d = -0.1;
        String text = "text";
        int[] ints = {1, -1};
        Object nothing = null;
        transient String unseen = "unseen";
    }

    static class Node implements Serializable {
        private static final long serialVersionUID = 13;
        String name;
        Node next;
        Node(String name) { this.name = name; }
    }

    /** Writes fields, then data of its own: primitives, an object, primitives. */
    static class OwnWriter extends Base {
        private static final long serialVersionUID = 14;
        int kept = 3;
        private void writeObject(ObjectOutputStream out) throws IOException {
            out.defaultWriteObject();
            out.writeInt(42);
            out.writeUTF("own");
            out.writeObject("between");
            out.writeLong(-1);
        }
        private void readObject(ObjectInputStream in) throws IOException { throw new IOException("never read"); }
    }

    static class Outside implements Externalizable {
        private static final long serialVersionUID = 15;
        public Outside() { }
        public void writeExternal(ObjectOutput out) throws IOException {
            out.writeInt(1);
            byte[] much = new byte[2500];
            for (int i = 0; i < much.length; i++) much[i] = (byte) i;
            out.write(much);
            out.writeObject(List.of("x"));
            out.writeInt(2);
        }
        public void readExternal(ObjectInput in) { }
    }

    static class Handler implements InvocationHandler, Serializable {
        private static final long serialVersionUID = 16;
        public Object invoke(Object p, Method m, Object[] a) { return null; }
    }

    static class Unwritable implements Serializable {
        private static final long serialVersionUID = 17;
        String first = "first";
        Object bad = new Object();
    }

    static class Annotating extends ObjectOutputStream {
        Annotating(OutputStream out) throws IOException { super(out); }
        @Override protected void annotateClass(Class<?> c) throws IOException {
            writeUTF("from " + c.getSimpleName());
            writeObject("annotation");
        }
    }

    interface Write { void to(ObjectOutputStream out) throws IOException; }

    static void stream(String name, Write w) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ObjectOutputStream out = new ObjectOutputStream(bytes);
        w.to(out);
        out.flush();
        print(name, bytes.toByteArray());
    }

    static void object(String name, Object o) throws IOException { stream(name, out -> out.writeObject(o)); }

    static void print(String name, byte[] bytes) {
        System.out.println(name + "\t" + HexFormat.of().formatHex(bytes));
    }

    public static void main(String[] args) throws Exception {
        object("null", null);
        object("string", "hello");
        object("string-modified", "nul \0 é € 𝄞 lone \ud834.");
        object("string-long", "0123456789abcdef".repeat(4096) + "!");
        for (Object o : new Object[] {true, (byte) -3, 'x', (short) 300, 70000, 1L << 40, 0.25f, -1e300, Double.NaN,
                Float.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, '\ud834'}) {
            String value = o.equals('\ud834') ? "lone" : o.toString();
            object(o.getClass().getSimpleName() + "-" + value, o);
        }
        object("bytes", new byte[] {0, 1, (byte) 0xff});
        object("booleans", new boolean[] {true, false});
        object("chars", new char[] {'a', 'é'});
        object("shorts", new short[] {1, -1});
        object("ints", new int[] {1, -1, Integer.MAX_VALUE});
        object("longs", new long[] {1, Long.MIN_VALUE});
        object("floats", new float[] {1.5f, Float.NaN});
        object("doubles", new double[] {-0.5, Double.POSITIVE_INFINITY});
        object("strings", new String[] {"a", null, "a"});
        object("nested-arrays", new int[][] {{1}, {}, null});
        object("objects", new Object[] {1, "two", 3L, new Object[0]});

        object("ArrayList", new ArrayList<>(List.of("a", 1, 2L)));
        object("ArrayList-empty", new ArrayList<>());
        object("LinkedList", new LinkedList<>(List.of("a", "b")));
        object("ArrayDeque", new ArrayDeque<>(List.of("a", "b")));
        object("PriorityQueue", new PriorityQueue<>(List.of(1, 2)));
        object("Vector", new Vector<>(List.of("a")));
        object("Stack", stack());
        object("CopyOnWriteArrayList", new CopyOnWriteArrayList<>(List.of("a", "b")));
        object("Arrays.asList", Arrays.asList("a", 1));
        object("List.of", List.of("a", "b", "c"));
        object("List.of-one", List.of("a"));
        object("Set.of", Set.of("a"));
        object("Map.of", Map.of("k", 1));
        object("HashSet", new HashSet<>(List.of("a")));
        object("LinkedHashSet", new LinkedHashSet<>(List.of("b", "a")));
        object("TreeSet", new TreeSet<>(List.of("b", "a")));
        object("HashMap", new HashMap<>(Map.of("a", 1)));
        object("LinkedHashMap", linked());
        object("TreeMap", new TreeMap<>(linked()));
        object("TreeMap-reversed", reversed());
        object("Hashtable", new Hashtable<>(Map.of("a", 1)));
        object("ConcurrentHashMap", new ConcurrentHashMap<>(Map.of("a", 1)));
        object("IdentityHashMap", identity());
        object("HashMap-int-keys", new HashMap<>(Map.of(7, "seven")));
        object("HashMap-null", nulls());
        object("Properties", properties());
        object("EnumMap", new EnumMap<>(Map.of(Colour.RED, "r")));
        object("EnumSet", EnumSet.allOf(Colour.class));
        object("BitSet", bits());
        object("emptyList", Collections.emptyList());
        object("emptyMap", Collections.emptyMap());
        object("emptySet", Collections.emptySet());
        object("singletonList", Collections.singletonList("a"));
        object("singleton", Collections.singleton("a"));
        object("singletonMap", Collections.singletonMap("a", 1));
        object("unmodifiableList", Collections.unmodifiableList(new ArrayList<>(List.of("a"))));
        object("unmodifiableMap", Collections.unmodifiableMap(linked()));
        object("synchronizedList", Collections.synchronizedList(new ArrayList<>(List.of("a"))));
        object("synchronizedMap", Collections.synchronizedMap(linked()));
        object("Entry", new AbstractMap.SimpleEntry<>("k", "v"));

        object("Date", new Date(1700000000123L));
        object("sql.Timestamp", timestamp());
        object("sql.Date", new java.sql.Date(1700000000000L));
        object("Instant", Instant.ofEpochSecond(1700000000L, 5));
        object("Duration", Duration.ofMillis(-1500));
        object("Period", Period.of(1, 2, 3));
        object("LocalDate", LocalDate.of(2026, 11, 21));
        object("LocalTime", LocalTime.of(13, 5, 7, 9));
        object("LocalTime-hour", LocalTime.of(13, 0));
        object("LocalTime-minute", LocalTime.of(13, 5));
        object("LocalTime-second", LocalTime.of(13, 5, 7));
        object("LocalDateTime", LocalDateTime.of(-5, 11, 21, 13, 5));
        object("ZoneId", ZoneId.of("Europe/Paris"));
        object("ZoneOffset", ZoneOffset.ofHoursMinutes(-3, -30));
        object("ZoneOffset-seconds", ZoneOffset.ofTotalSeconds(3601));
        object("ZonedDateTime", ZonedDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneId.of("Europe/Paris")));
        object("OffsetDateTime", OffsetDateTime.of(2026, 1, 2, 3, 4, 5, 6000000, ZoneOffset.ofHours(2)));
        object("OffsetTime", OffsetTime.of(3, 4, 0, 0, ZoneOffset.UTC));
        object("Year", Year.of(2026));
        object("YearMonth", YearMonth.of(2026, 11));
        object("MonthDay", MonthDay.of(11, 21));
        object("Month", Month.MAY);

        object("BigInteger", new BigInteger("-123456789012345678901234567890"));
        object("BigInteger-zero", BigInteger.ZERO);
        object("BigDecimal", new BigDecimal("-1234567890.0123456789"));
        object("BigDecimal-exponent", new BigDecimal("1E+10"));
        object("UUID", UUID.fromString("0f0e0d0c-0b0a-4908-8706-050403020100"));
        object("AtomicInteger", new AtomicInteger(5));
        object("AtomicLong", new AtomicLong(6));
        object("AtomicBoolean", new AtomicBoolean(true));
        object("AtomicReference", new AtomicReference<>("in"));
        object("URI", new URI("http://example.org/a?b"));
        object("URL", new URL("http", "example.org", 8080, "/a"));
        object("File", new File("/tmp/a"));
        object("Locale", new Locale("de", "CH"));
        object("Currency", Currency.getInstance("EUR"));
        object("StringBuilder", new StringBuilder("built"));
        object("InetAddress", InetAddress.getByAddress("host", new byte[] {10, 0, 0, 7}));
        object("Throwable", new IllegalStateException("why"), true);

        object("enum", Colour.RED);
        object("enum-with-body", Colour.GREEN);
        object("enums", new Colour[] {Colour.RED, Colour.GREEN, Colour.RED});
        object("class", String.class);
        object("class-int", int.class);
        object("class-array", String[][].class);
        object("class-plain", Object.class);
        object("class-descriptor", ObjectStreamClass.lookup(Base.class));
        object("record", new Point(1, -2, "p"));
        object("primitives", new Primitives());
        object("own-writer", new OwnWriter());
        object("externalizable", new Outside());
        object("proxy", Proxy.newProxyInstance(Fixtures.class.getClassLoader(),
            new Class<?>[] {Runnable.class, Comparable.class}, new Handler()));
        Node a = new Node("a"), b = new Node("b");
        a.next = b;
        b.next = a;
        object("cycle", a);
        List<Object> self = new ArrayList<>();
        self.add(self);
        object("list-in-itself", self);
        List<String> one = new ArrayList<>(List.of("shared"));
        object("shared", new ArrayList<>(List.of(one, one)));
        object("nested", new HashMap<>(Map.of("list", new ArrayList<>(List.of(new HashMap<>(Map.of("k", new Point(0, 0, null))))))));

        stream("many", out -> { out.writeInt(7); out.writeObject("a"); out.writeObject("a"); out.writeBoolean(true); out.writeUTF("end"); });
        String same = new String("again");
        stream("reset", out -> { out.writeObject(same); out.writeObject(same); out.reset(); out.writeObject(same); });
        stream("unshared", out -> { out.writeUnshared(new int[0]); out.writeUnshared(new int[0]); });
        stream("blocks", out -> { out.write(new byte[1024]); out.write(new byte[256]); out.flush(); out.write(new byte[255]); });
        stream("exception", out -> { try { out.writeObject(new Unwritable()); } catch (IOException e) { } });
        stream("exception-then-more", out -> {
            try { out.writeObject(new Object()); } catch (IOException e) { }
            out.writeObject("after");
        });
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ObjectOutputStream annotating = new Annotating(bytes);
        annotating.writeObject(new Base());
        annotating.flush();
        print("annotated", bytes.toByteArray());
    }

    /** A Throwable without its stack trace, which would change with this file. */
    static void object(String name, Throwable t, boolean bare) throws IOException {
        t.setStackTrace(new StackTraceElement[0]);
        object(name, t);
    }

    static Map<String, Object> linked() {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("z", 1);
        m.put("a", "two");
        return m;
    }

    static Map<String, Object> reversed() {
        Map<String, Object> m = new TreeMap<>(Comparator.reverseOrder());
        m.putAll(linked());
        return m;
    }

    static Map<Object, Object> identity() {
        Map<Object, Object> m = new IdentityHashMap<>();
        m.put("k", "v");
        return m;
    }

    static Map<Object, Object> nulls() {
        Map<Object, Object> m = new HashMap<>();
        m.put(null, null);
        return m;
    }

    static Stack<Object> stack() {
        Stack<Object> s = new Stack<>();
        s.push("a");
        return s;
    }

    static Properties properties() {
        Properties p = new Properties();
        p.setProperty("key", "value");
        return p;
    }

    static BitSet bits() {
        BitSet b = new BitSet();
        b.set(1);
        b.set(65);
        return b;
    }

    static java.sql.Timestamp timestamp() {
        java.sql.Timestamp t = new java.sql.Timestamp(1700000000123L);
        t.setNanos(123456789);
        return t;
    }
}
