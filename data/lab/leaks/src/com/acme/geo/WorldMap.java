package com.acme.geo;

import java.util.*;
import com.acme.common.Stage;
public class WorldMap {
    static class Point {
        double x, y;
        Point(double a, double b) {
            x = a;
            y = b;
        }
    }
    static class Tile {
        List<Point> points = new ArrayList<>();
    }
    static class Region {
        Tile[] tiles = new Tile[16];
    }
    static class Country {
        Region[] regions = new Region[16];
    }
    private final Country[] countries = new Country[16];
    private static WorldMap map;
    public static void main(String[] a) throws Exception {
        map = new WorldMap();
        for (int i = 0; i < 16; i++) {
            map.countries[i] = new Country();
            for (int j = 0; j < 16; j++) {
                map.countries[i].regions[j] = new Region();
                for (int k = 0; k < 16; k++) {
                    Tile t = map.countries[i].regions[j].tiles[k] = new Tile();
                    for (int l = 0; l < 60; l++) t.points.add(new Point(l, k));
                }
            }
        }
        Stage.ready();
    }
}
