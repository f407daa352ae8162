import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.*;

/**
 * Writes the lines of ciphers.txt: algorithm, key, IV, plaintext, ciphertext,
 * as the JDK's own provider makes them. To make them again, in this folder:
 *
 *     java Ciphers.java > ciphers.txt
 */
public class Ciphers {
    public static void main(String[] args) throws Exception {
        byte[] key = HexFormat.of().parseHex("00112233445566778899aabbccddeeff0f1e2d3c4b5a6978");
        byte[] iv = HexFormat.of().parseHex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
        for (String algorithm : new String[] {"AES/CBC/PKCS5Padding", "AES/CFB/PKCS5Padding", "AES/OFB/PKCS5Padding",
                "AES/GCM/NoPadding", "DESede/CBC/PKCS5Padding", "DESede/CFB/PKCS5Padding", "DESede/OFB/PKCS5Padding"}) {
            boolean aes = algorithm.startsWith("AES"), gcm = algorithm.contains("GCM");
            int ivLen = gcm ? 12 : aes ? 16 : 8;
            for (int n : new int[] {0, 1, 15, 16, 17, 40}) {
                byte[] plain = new byte[n];
                for (int i = 0; i < n; i++) plain[i] = (byte) (i * 7);
                Cipher c = Cipher.getInstance(algorithm);
                c.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, algorithm.split("/")[0]),
                    gcm ? new GCMParameterSpec(128, iv, 0, ivLen) : new IvParameterSpec(iv, 0, ivLen));
                HexFormat hex = HexFormat.of();
                System.out.println(algorithm + " " + hex.formatHex(key) + " " + hex.formatHex(iv, 0, ivLen) + " "
                    + (n == 0 ? "-" : hex.formatHex(plain)) + " " + hex.formatHex(c.doFinal(plain)));
            }
        }
    }
}
