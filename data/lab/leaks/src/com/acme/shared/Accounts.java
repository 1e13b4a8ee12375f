package com.acme.shared;

import com.acme.common.Stage;
import java.util.*;
import java.util.concurrent.*;

/** Two static maps of two classes share each account: only the class loader holds them alone. */
public class Accounts {
    static class Account {
        final String name;
        long balance;

        Account(int i) {
            name = "account " + i;
            balance = i;
        }
    }

    static class ById {
        static final Map<Integer, Account> BY_ID = new HashMap<>();
    }

    static class ByName {
        static final Map<String, Account> BY_NAME = new ConcurrentHashMap<>();
    }

    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < 30_000; i++) {
            Account account = new Account(i);
            ById.BY_ID.put(i, account);
            ByName.BY_NAME.put(account.name, account);
        }
        Stage.ready();
    }
}
