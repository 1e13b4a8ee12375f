package com.acme.cache;

import java.util.*;
import com.acme.common.Stage;
public class ProductCache<K, V> extends LinkedHashMap<K, V> {
    private final int maxEntries;
    ProductCache(int m) {
        super(16, 0.75f, true);
        maxEntries = m;
    }
    protected boolean removeEldestEntry(Map.Entry<K, V> e) {
        return size() > maxEntries;
    }
    static class Product {
        String name, description;
        Product(int i) {
            name = "p" + i;
            description = "description of product ".repeat(20) + i;
        }
    }
    static final ProductCache<Integer, Product> CACHE = new ProductCache<>(20000);
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 60000; i++) CACHE.put(i, new Product(i));
        Stage.ready();
    }
}
