package com.acme.orders;

import java.util.*;
import com.acme.common.Stage;
public class OrderCache {
    static final Map<String, Order> ORDERS = new HashMap<>();
    static class Line {
        String sku;
        int count;
        Line(String s, int c) {
            sku = s;
            count = c;
        }
    }
    static class Order {
        String id;
        List<Line> lines = new ArrayList<>();
        byte[] pdf;
        Order(int i) {
            id = "order-" + i;
            pdf = new byte[300 + i % 200];
            for (int k = 0; k < 3; k++) lines.add(new Line("sku-" + i + "-" + k, k));
        }
    }
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 20000; i++) {
            Order o = new Order(i);
            ORDERS.put(o.id, o);
        }
        Stage.ready();
    }
}
