import Exchanges
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

@Suite struct ExchangeKeyringTests {
    private func error(
        _ body: () async throws(ExchangeKeyError) -> some Any
    ) async -> ExchangeKeyError? {
        do throws(ExchangeKeyError) {
            _ = try await body()
            return nil
        } catch { return error }
    }

    @Test func `the first key of an exchange is default, the next account2, and labels are explicit (D25, H46)`()
        async throws
    {
        try await withKeys { bench in
            let labels = [
                try await bench.keyring.add(bench.new()).label,
                try await bench.keyring.add(bench.new(apiKey: "k2")).label,
                try await bench.keyring.add(bench.new(label: "read-only", apiKey: "k3")).label,
                try await bench.keyring.add(bench.new(apiKey: "k4")).label,
                try await bench.keyring.add(bench.new("okx")).label,
            ]
            #expect(labels == ["default", "account2", "read-only", "account3", "default"])
            #expect(
                bench.holder.accounts == [
                    "binance/account2", "binance/account3", "binance/default", "binance/read-only", "okx/default",
                ])
            let taken = try bench.new(label: "default")
            #expect(
                await error { () throws(ExchangeKeyError) in try await bench.keyring.add(taken) }
                    == .labelTaken("binance/default"))
        }
    }

    @Test func `one key trades for one account, and accounts of an exchange share its network`() async throws {
        try await withKeys { bench in
            _ = try await bench.keyring.add(bench.new())
            let again = try bench.new(label: "other")
            #expect(
                await error { () throws(ExchangeKeyError) in try await bench.keyring.add(again) }
                    == .keyTaken("binance/default"))
            var elsewhere = try bench.new(label: "other", apiKey: "k2")
            elsewhere.connection.environment = .testnet
            let fixed = elsewhere
            let fault = await error { () throws(ExchangeKeyError) in try await bench.keyring.add(fixed) }
            guard case .invalid(let lines)? = fault else {
                Issue.record("\(String(describing: fault))")
                return
            }
            #expect(lines.count == 1 && lines[0].contains("binance/default"))
        }
    }

    @Test func `secrets are decrypted at use, sealed in the store, and nowhere in what is shown (H48, D27, D8)`()
        async throws
    {
        try await withKeys { bench in
            let shown = try await bench.keyring.add(bench.new("okx", secret: "hunter2", passphrase: "open sesame"))
            let account = try #require(bench.holder.given.last?.first)
            #expect(account.credentials.secret.reveal() == "hunter2")
            #expect(account.credentials.passphrase?.reveal() == "open sesame")
            #expect(bench.validator.asked.map(\.credentials.apiKey) == ["api-key-1"])
            let row = try #require(try await bench.rows().first)
            #expect(SealedBox.open(row.sealed.secret, with: bench.key)?.reveal() == "hunter2")
            let sent = try bench.new("okx")
            #expect(row.sealed.secret != sent.sealed.secret, "sealed anew, not as it came")
            for text in ["\(shown)", String(reflecting: shown)] {
                #expect(!text.contains("hunter2") && !text.contains(row.sealed.secret))
            }
            #expect(shown.hasPassphrase && !shown.hasUID)
        }
    }

    @Test func `passphrase and user id are kept and opened where there are some (D30)`() async throws {
        try await withKeys { bench in
            let key = EnvironmentKey(
                exchange: ExchangeID(rawValue: "okx"), label: "default",
                credentials: ExchangeCredentials(
                    apiKey: "k", secret: Secret("s"), passphrase: Secret("p"), uid: Secret("u")))
            let (encryption, now) = (bench.key, bench.time.now())
            let names = try await bench.database.write {
                try EnvironmentKeySeeding(transaction: $0).carryOut([key], sealedTo: encryption, now: now).added
            }
            #expect(names == ["okx/default"])
            _ = await bench.keyring.upkeep()
            #expect(bench.holder.given.last?.first?.credentials == key.credentials)
        }
    }

    @Test func `a trading key that can withdraw is refused unless the operator insists; withdrawals have their own`()
        async throws
    {
        try await withKeys { bench in
            bench.validator.say { _ in
                .success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: true))
            }
            let plain = try bench.new()
            #expect(
                await error { () throws(ExchangeKeyError) in try await bench.keyring.add(plain) }
                    == .canWithdraw(exchange: "binance"))
            #expect(try await bench.rows() == [])
            let insisted = try await bench.keyring.add(bench.new(mayWithdraw: true))
            #expect(insisted.permissions.names == ["read", "trade", "withdraw"])
            let id = ExchangeID(rawValue: "binance")
            #expect(await bench.keyring.withdrawalAccount(id, "default") == nil, "not even one that can")
            let same = try bench.new(purpose: .withdraw, secret: "other")
            #expect(
                await error { () throws(ExchangeKeyError) in try await bench.keyring.add(same) }
                    == .keyTaken("binance/default"), "the key that trades takes no money out")
            _ = try await bench.keyring.add(bench.new(purpose: .withdraw, apiKey: "its-own", secret: "other"))
            #expect(await bench.keyring.withdrawalAccount(id, "default")?.credentials.secret.reveal() == "other")
            #expect(bench.holder.accounts == ["binance/default"], "it places no orders")
        }
    }

    @Test func `what the exchange does not tell is unknown, and said so`() async throws {
        try await withKeys { bench in
            bench.validator.say { _ in .success(KeyPermissions(canRead: true)) }
            let added = try await bench.keyring.add(bench.new())
            #expect(added.permissions.names == ["read", "unknown"])
            let listed = try await bench.keyring.list()
            #expect(listed.map(\.permissions.names) == [["read", "unknown"]])
        }
    }

    @Test func `unsupported, refused and unreachable are three different things, and nothing is stored (D34)`()
        async throws
    {
        try await withKeys { bench in
            let kraken = try bench.new("kraken")
            #expect(
                await error { () throws(ExchangeKeyError) in try await bench.keyring.add(kraken) }
                    == .unsupportedExchange("kraken"))
            bench.validator.say { _ in .failure(.refused("wrong key")) }
            let key = try bench.new()
            let refused = await error { () throws(ExchangeKeyError) in try await bench.keyring.add(key) }
            #expect(refused == .refused(exchange: "binance", cause: "wrong key"))
            #expect(
                "\(try #require(refused))" == "Invalid API Key or Secret for binance. Verification failed: wrong key")
            bench.validator.say { _ in .failure(.unreachable("no answer")) }
            #expect(
                await error { () throws(ExchangeKeyError) in try await bench.keyring.add(key) }
                    == .unreachable(exchange: "binance", cause: "no answer"))
            #expect(try await bench.rows() == [])
            #expect(bench.holder.given.isEmpty)
        }
    }

    @Test func `a secret that is not sealed to us is told, never passed on as nothing (D29)`() async throws {
        try await withKeys { bench in
            var key = try bench.new()
            for sealed in [
                "hunter2", "", "********",
                try #require(SealedBox.seal(Secret("x"), toPublic: EncryptionKey.random()?.publicText ?? "")),
            ] {
                key.sealed.secret = sealed
                let bad = key
                #expect(
                    await error { () throws(ExchangeKeyError) in try await bench.keyring.add(bad) }
                        == .notOpened(field: "api_secret"))
            }
            #expect(bench.validator.asked.isEmpty)
        }
    }

    @Test(arguments: [("", "\u{7}"), ("a/b", "x"), ("a:b", "x"), (String(repeating: "a", count: 65), "x")])
    func `labels and names that would confuse others are refused, naming the field`(
        _ bad: (String, String)
    ) async throws {
        try await withKeys { bench in
            var key = try bench.new(label: bad.0)
            key.name = bad.1
            key.apiKey = "with space"
            let new = key
            guard
                case .invalid(let lines)? = await error({ () throws(ExchangeKeyError) in
                    try await bench.keyring.add(new)
                })
            else {
                Issue.record("taken")
                return
            }
            #expect(lines.contains { $0.hasPrefix("exchange_index") } && lines.contains { $0.hasPrefix("api_key") })
        }
    }

    @Test func `a removed key is gone from the accounts when the answer comes (H47)`() async throws {
        try await withKeys { bench in
            let id = try await bench.keyring.add(bench.new()).id
            _ = try await bench.keyring.add(bench.new("okx"))
            #expect(try await bench.keyring.remove(id, force: false))
            #expect(bench.holder.accounts == ["okx/default"])
            #expect(try await !bench.keyring.remove(id, force: false))
        }
    }

    @Test func `a key that something trades with stays until that stops, unless forced`() async throws {
        for engine in DatabaseEngine.available {
            try await withTemporaryDatabase(engine, KeyBench.migrations) { database in
                let bench = try KeyBench(database) { $0 == "binance/default" ? ["strategy u-c runs"] : [] }
                let id = try await bench.keyring.add(bench.new()).id
                #expect(
                    await error { () throws(ExchangeKeyError) in try await bench.keyring.remove(id, force: false) }
                        == .inUse(["strategy u-c runs"]))
                #expect(try await bench.keyring.remove(id, force: true))
            }
        }
    }

    @Test func `between two sets of accounts there is never an empty one (H47, D32)`() async throws {
        try await withKeys { bench in
            for exchange in ["binance", "okx", "mexc"] { _ = try await bench.keyring.add(bench.new(exchange)) }
            await bench.keyring.reload()
            #expect(bench.holder.given.map(\.count) == [1, 2, 3, 3])
        }
    }

    @Test func `a key that the exchange has taken back shows it, and its account is not pulled away`() async throws {
        try await withKeys { bench in
            let id = try await bench.keyring.add(bench.new()).id
            bench.validator.say { _ in .failure(.refused("revoked")) }
            #expect(try await bench.keyring.check(id).fault == "revoked")
            #expect(bench.holder.accounts == ["binance/default"])
            let readiness = try await bench.keyring.readiness()
            #expect(readiness.map(\.faults) == [["key \(id): revoked"]])
            bench.validator.say { _ in
                .success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: true))
            }
            #expect(try await bench.keyring.check(id).fault?.hasPrefix("can withdraw") == true)
            #expect(try await bench.keyring.readiness().first?.faults.first?.contains("can withdraw") == true)
            #expect(await error { () throws(ExchangeKeyError) in try await bench.keyring.check(99) } == .unknownKey(99))
        }
    }

    private static let testnet = ExchangeAccountSettings.Environment.testnet

    @Test func `an account comes back on another network only when nothing is left of what traded there`() async throws
    {
        for engine in DatabaseEngine.available {
            try await withTemporaryDatabase(engine, KeyBench.migrations) { database in
                let users = Mutex(["strategy u-c runs"])
                let bench = try KeyBench(database) { $0 == "binance/default" ? users.withLock { $0 } : [] }
                let id = try await bench.keyring.add(bench.new()).id
                #expect(try await bench.keyring.remove(id, force: true))
                var moved = try bench.new(label: "default")
                moved.connection.environment = Self.testnet
                let refusal = ExchangeKeyError.onOtherNetwork(
                    account: "binance/default", was: "production", users: ["strategy u-c runs"])
                for label in ["default", nil] {
                    moved.label = label
                    let refused = moved
                    let found = await error { () throws(ExchangeKeyError) in try await bench.keyring.add(refused) }
                    #expect(found == refusal)
                }
                #expect(try await bench.rows() == [])
                // Another account is another matter, and so is the network of before.
                moved.label = "second"
                let other = try await bench.keyring.add(moved).id
                #expect(try await bench.keyring.remove(other, force: false))
                let same = try await bench.keyring.add(bench.new()).id
                #expect(try await bench.keyring.remove(same, force: true))
                users.withLock { $0 = [] }
                moved.label = nil
                #expect(try await bench.keyring.add(moved).environment == Self.testnet)
            }
        }
    }

    @Test func `under an account's name another account comes only when nothing is left of what traded with it`()
        async throws
    {
        for engine in DatabaseEngine.available {
            try await withTemporaryDatabase(engine, KeyBench.migrations) { database in
                let users = Mutex(["binance/default/BTC/USDT has 1 live orders"])
                let bench = try KeyBench(database) { $0 == "binance/default" ? users.withLock { $0 } : [] }
                func answer(_ accountID: String?) {
                    bench.validator.say { _ in
                        var permissions = KeyPermissions(canRead: true, canTrade: true, canWithdraw: false)
                        permissions.accountID = accountID
                        return .success(permissions)
                    }
                }
                answer("alice")
                var id = try await bench.keyring.add(bench.new()).id
                #expect(try await bench.keyring.remove(id, force: true))
                answer("bob")
                let other = try bench.new(apiKey: "bobs")
                let found = await error { () throws(ExchangeKeyError) in try await bench.keyring.add(other) }
                #expect(
                    found
                        == .onOtherAccount(
                            account: "binance/default", users: ["binance/default/BTC/USDT has 1 live orders"]))
                #expect(try await bench.rows() == [])
                // Another key of the same account is what whoever changes keys stores.
                answer("alice")
                id = try await bench.keyring.add(bench.new(apiKey: "another")).id
                #expect(try await bench.keyring.remove(id, force: true))
                users.withLock { $0 = [] }
                answer("bob")
                _ = try await bench.keyring.add(other)
            }
        }
    }

    @Test func `a key of the environment for another network than its account traded on is left out, each start`()
        async throws
    {
        try await withKeys { bench in
            var keys = EnvironmentKey.all(of: ["MEXC"]) { Self.environment[$0] }
            let (encryption, now) = (bench.key, bench.time.now())
            func seed() async throws -> EnvironmentKeySeeding.Seeded {
                try await bench.database.write { [keys] in
                    try EnvironmentKeySeeding(transaction: $0).carryOut(keys, sealedTo: encryption, now: now)
                }
            }
            #expect(try await seed() == .init(added: ["mexc/read-only"]))
            let stored = try #require(try await bench.rows().first)
            #expect(try await bench.keyring.remove(stored.id, force: true))
            keys[0].credentials.apiKey = "another"
            keys[0].connection.environment = Self.testnet
            for _ in 1...2 {
                let seeded = try await seed()
                #expect(seeded.added == [] && seeded.leftOut.count == 1)
                #expect(seeded.leftOut.first?.contains("is for testnet, and it traded on production before") == true)
            }
            #expect(try await bench.rows() == [])
            // The way that is named is open.
            var moved = try bench.new("mexc", label: "read-only", apiKey: "another")
            moved.connection.environment = Self.testnet
            _ = try await bench.keyring.add(moved)
            #expect(try await seed() == .init())
        }
    }

    // MARK: - The environment

    private static let environment = [
        "OKX_API_KEY": "a", "OKX_SECRET": "b", "OKX_PASSPHRASE": "c", "OKX_API_KEY_2": "d", "OKX_SECRET_2": "e",
        "OKX_UID_2": "f", "MEXC_API_KEY_READ_ONLY": "g", "MEXC_SECRET_READ_ONLY": "h", "GATE_API_KEY": "half",
    ]

    @Test func `variables give key, secret, passphrase and user id of three accounts`() {
        let keys = EnvironmentKey.all(of: ["OKX", "MEXC", "GATE"]) { Self.environment[$0] }
        #expect(keys.map { "\($0.exchange)/\($0.label)" } == ["okx/default", "okx/account2", "mexc/read-only"])
        #expect(keys[0].credentials.passphrase?.reveal() == "c")
        #expect(keys[1].credentials.uid?.reveal() == "f")
    }

    @Test func `a key of the environment is taken over once: deleted, it does not come back (D33)`() async throws {
        try await withKeys { bench in
            let keys = EnvironmentKey.all(of: ["OKX", "MEXC"]) { Self.environment[$0] }
            let (encryption, now) = (bench.key, bench.time.now())
            func seed() async throws -> [String] {
                try await bench.database.write {
                    try EnvironmentKeySeeding(transaction: $0).carryOut(keys, sealedTo: encryption, now: now).added
                }
            }
            #expect(try await seed() == ["okx/default", "okx/account2", "mexc/read-only"])
            for row in try await bench.rows() { _ = try await bench.keyring.remove(row.id, force: false) }
            #expect(try await seed() == [])
            #expect(try await bench.rows() == [])
        }
    }

    @Test func `an unreachable exchange keeps no start and no other account waiting, and is asked again (D31, D32)`()
        async throws
    {
        try await withKeys { bench in
            let keys = EnvironmentKey.all(of: ["OKX", "MEXC"]) { Self.environment[$0] }
            let (encryption, now) = (bench.key, bench.time.now())
            _ = try await bench.database.write {
                try EnvironmentKeySeeding(transaction: $0).carryOut(keys, sealedTo: encryption, now: now).added
            }
            bench.validator.say { account in
                account.exchange.rawValue == "okx"
                    ? .failure(.unreachable("down"))
                    : .success(KeyPermissions(canRead: true, canTrade: false, canWithdraw: false))
            }
            let next = await bench.keyring.upkeep()
            #expect(bench.holder.accounts == ["mexc/read-only"])
            #expect(next.nanoseconds(since: now) <= Nanoseconds.seconds(30))
            let states = try await bench.keyring.readiness()
            #expect(states.map(\.canTrade) == [false, false, false])
            #expect(states[0].faults == ["key 3: cannot trade: its exchange lets it read alone"])
            #expect(states[1].faults.first?.contains("not reached: down") == true)
            bench.validator.say { _ in
                .success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: false))
            }
            bench.time.advance(byNanoseconds: Nanoseconds.seconds(30))
            _ = await bench.keyring.upkeep()
            #expect(bench.holder.accounts == ["mexc/read-only", "okx/account2", "okx/default"])
        }
    }

    @Test func `a key of the environment that can withdraw is never put to work`() async throws {
        try await withKeys { bench in
            let keys = EnvironmentKey.all(of: ["OKX"]) { Self.environment[$0] }
            let (encryption, now) = (bench.key, bench.time.now())
            _ = try await bench.database.write {
                try EnvironmentKeySeeding(transaction: $0).carryOut(keys, sealedTo: encryption, now: now).added
            }
            bench.validator.say { _ in
                .success(KeyPermissions(canRead: true, canTrade: true, canWithdraw: true))
            }
            _ = await bench.keyring.upkeep()
            #expect(bench.holder.accounts == [])
            #expect(try await bench.keyring.list().allSatisfy { $0.fault?.contains("withdraw") == true })
        }
    }
}
