package com.acme.list;

import java.util.*;
import com.acme.common.Stage;
public class EventLog {
    static class Event {
        long at;
        Event(long t) {
            at = t;
        }
    }
    static class Cell {
        Event event;
        Cell next;
        Cell(Event e, Cell n) {
            event = e;
            next = n;
        }
    }
    private Cell head;
    private final LinkedList<Event> second = new LinkedList<>();
    static final EventLog LOG = new EventLog();
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 300_000; i++) LOG.head = new Cell(new Event(i), LOG.head);
        for (int i = 0; i < 300_000; i++) LOG.second.add(new Event(i));
        Stage.ready();
    }
}
