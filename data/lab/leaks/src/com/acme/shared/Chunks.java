package com.acme.shared;

import com.acme.common.Stage;
import java.util.*;

/** A list and a queue of two classes share byte arrays. */
public class Chunks {
    static class Reader {
        static final List<byte[]> in = new ArrayList<>();
    }

    static class Writer {
        static final Deque<byte[]> out = new ArrayDeque<>();
    }

    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < 8000; i++) {
            byte[] chunk = new byte[1500];
            Reader.in.add(chunk);
            Writer.out.add(chunk);
        }
        Stage.ready();
    }
}
