package com.acme.jpa;

import java.util.*;
import com.acme.common.Stage;
public class PersistenceContext {
    static class Customer {
        String name;
        List<Invoice> invoices = new ArrayList<>();
        Customer(int i) {
            name = "customer " + i;
        }
    }
    static class Invoice {
        Customer owner;
        List<Item> items = new ArrayList<>();
        String no;
        Invoice(Customer c, int i) {
            owner = c;
            no = "inv" + i;
        }
    }
    static class Item {
        Invoice invoice;
        String text;
        long cents;
        Item(Invoice v, int i) {
            invoice = v;
            text = "item " + i;
            cents = i;
        }
    }
    private final Map<Object, Object> entitiesByKey = new HashMap<>();
    private final IdentityHashMap<Object, String> entries = new IdentityHashMap<>();
    static class SessionImpl {
        final PersistenceContext context = new PersistenceContext();
    }
    void add(String key, Object e) {
        entitiesByKey.put(key, e);
        entries.put(e, key);
    }
    static SessionImpl session = new SessionImpl();
    public static void main(String[] a) throws Exception {
        int n = 0;
        for (int i = 0; i < 2000; i++) {
            Customer c = new Customer(i);
            session.context.add("c" + i, c);
            for (int j = 0; j < 4; j++) {
                Invoice v = new Invoice(c, j);
                c.invoices.add(v);
                session.context.add("v" + i + "." + j, v);
                for (int k = 0; k < 3; k++) {
                    Item t = new Item(v, k);
                    v.items.add(t);
                    session.context.add("t" + n++, t);
                }
            }
        }
        Stage.ready();
    }
}
