package com.acme.ok;

import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import com.acme.common.Stage;
public class Healthy {
    static class User {
        String name;
        List<String> roles;
        User(String n, List<String> r) {
            name = n;
            roles = r;
        }
    }
    static class Config {
        Map<String, String> values = new HashMap<>();
    }
    static final Config CONFIG = new Config();
    static final Map<String, User> USERS = new ConcurrentHashMap<>();
    static final List<double[]> samples = new ArrayList<>();
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 200; i++) CONFIG.values.put("app.key." + i, "value " + i);
        for (int i = 0; i < 500; i++) USERS.put("u" + i, new User("user " + i, List.of("a", "b")));
        for (int i = 0; i < 50; i++) samples.add(new double[100]);
        ExecutorService p = Executors.newFixedThreadPool(8);
        for (int i = 0; i < 100; i++) p.submit(() -> java.util.stream.IntStream.range(0, 1000).mapToObj(k -> "x" + k).collect(Collectors.toList())).get();
        java.util.regex.Pattern.compile("a+b").matcher("aab").find();
        java.time.ZonedDateTime.now();
        String.format("%s %d", "x", 3);
        java.util.logging.Logger.getLogger("x").info("hello");
        java.net.http.HttpClient c = java.net.http.HttpClient.newHttpClient();
        javax.crypto.Cipher.getInstance("AES");
        java.security.KeyPairGenerator.getInstance("RSA");
        Stage.ready();
    }
}
