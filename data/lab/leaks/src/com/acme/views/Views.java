package com.acme.views;

import java.util.*;
import com.acme.common.Stage;

/** A weak map that never loses an entry: its values refer to their keys. */
public class Views {
    static final Map<Model, View> BY_MODEL = new WeakHashMap<>();
    static class Model {
        final byte[] rows = new byte[500];
    }
    static class View {
        final Model model;
        View(Model model) {
            this.model = model;
        }
    }
    public static void main(String[] a) throws Exception {
        for (int i = 0; i < 30000; i++) {
            Model model = new Model();
            BY_MODEL.put(model, new View(model));
        }
        Stage.ready();
    }
}
