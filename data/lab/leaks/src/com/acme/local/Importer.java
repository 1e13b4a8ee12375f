package com.acme.local;

import java.util.*;
import com.acme.common.Stage;
public class Importer {
    static class Row {
        String[] cells;
        Row(int i) {
            cells = new String[] { "a" + i, "b" + i, "c" + i };
        }
    }
    void load() throws Exception {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 50000; i++) rows.add(new Row(i));
        waitForMore();
        System.out.println(rows.size());
    }
    void waitForMore() throws Exception {
        Thread.sleep(1_000_000);
    }
    public static void main(String[] a) throws Exception {
        Thread t = new Thread(() -> { try { new Importer().load(); } catch (Exception e) { } }, "importer-1");
        t.start();
        Thread.sleep(2000);
        Stage.ready();
    }
}
