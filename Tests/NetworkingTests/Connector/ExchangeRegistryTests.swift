import Exchanges
import Networking
import Testing
import TradingCore

extension LiveConnectorTests {
    /// Accounts that come, change and go while the server runs.
    @Suite struct ExchangeRegistryTests {
        private static let symbol = VenueHarness.symbol

        @Test
        func `H47, D32: a refresh leaves accounts that did not change undisturbed, and revokes those that are gone`()
            async throws
        {
            try await VenueHarness.with(.binance) { harness, account in
                let id = try await harness.place(account, try await harness.request(31))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                // A second account comes: the first goes on, without a break.
                #expect(harness.registry.refresh([harness.settings(), harness.settings("account2")]).isEmpty)
                _ = try await harness.connector.account("account2")
                harness.model.fill("0.1")
                try await harness.wait("the fill is told") { harness.fills.count == 1 }
                #expect(!harness.told.contains(.lost))
                // Its key goes: it sends nothing more.
                #expect(harness.registry.refresh([harness.settings("account2")]).isEmpty)
                #expect(harness.told.contains(.lost))
                let requests = harness.model.read { $0.log.filter { $0.hasPrefix("POST") }.count }
                let next = try await harness.place(account, try await harness.request(32))
                try await harness.wait("it never left") { harness.events.contains(.rejected(next, .unavailable)) }
                #expect(harness.model.read { $0.log.filter { $0.hasPrefix("POST") }.count } == requests)
                await #expect(throws: ConnectorError.unknownAccount("default")) {
                    _ = try await harness.connector.account("default")
                }
                // It comes back: who listened goes on.
                #expect(harness.refresh().isEmpty)
                try await harness.wait("it is back") { harness.told.contains(.recovered) }
                let last = try await harness.place(account, try await harness.request(33))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(last)) }
            }
        }

        @Test
        func
            `D28: one registry by exchange and account: a key that is gone is asked for nothing, orders by their own id`()
            async throws
        {
            try await VenueHarness.with(.kucoin) { harness, account in
                let id = try await harness.place(account, try await harness.request(36))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                // By exchange and label, whatever was added first.
                #expect(harness.registry.refresh([harness.settings("account2"), harness.settings()]).isEmpty)
                #expect(try await harness.connector.account("default") as AnyObject === account as AnyObject)
                #expect(harness.registry.connector(ExchangeID(rawValue: "default")) == nil)
                // An order is asked for with its market, by the exchange's own id once that is known.
                harness.model.change { $0.log = [] }
                #expect(try await account.order(id, Self.symbol)?.status == .open)
                // (That open orders are looked through every now and then is another matter.)
                #expect(
                    harness.model.read { $0.log.filter { $0.contains("/orders") && !$0.hasSuffix("/active") } }
                        == ["GET /api/v1/hf/orders/o5000"])
                #expect(harness.registry.refresh([harness.settings("account2")]).isEmpty)
                harness.model.change { $0.log = [] }
                await #expect(throws: ConnectorError.self) { _ = try await account.order(id, Self.symbol) }
                await #expect(throws: ConnectorError.self) { _ = try await account.balances() }
                #expect(harness.model.read { $0.log.filter { $0.contains("orders") || $0.contains("accounts") } } == [])
            }
        }

        @Test func `who traded on a network goes on when its account has been on another and comes back`() async throws
        {
            try await VenueHarness.with(.binance) { harness, account in
                let id = try await harness.place(account, try await harness.request(51))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                var elsewhere = harness.settings()
                elsewhere.environment = .custom(.init(rest: "http://127.0.0.1:1"))
                #expect(harness.registry.refresh([elsewhere]).isEmpty)
                #expect(harness.told.contains(.lost))
                let other = try #require(harness.registry.connector(elsewhere.exchange))
                #expect(other.network == "http://127.0.0.1:1")
                #expect(harness.refresh().isEmpty)
                try await harness.wait("it is back") { harness.told.contains(.recovered) }
                let next = try await harness.place(account, try await harness.request(52))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(next)) }
                account.send(.cancel(id), Self.symbol)
                try await harness.wait("it is cancelled") { harness.events.contains(.cancelled(id)) }
            }
        }

        @Test func `an order that was asked for while its key was gone is asked for when it is back`() async throws {
            try await VenueHarness.with(.binance) { harness, account in
                let id = try await harness.place(account, try await harness.request(53))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
                #expect(harness.registry.refresh([harness.settings("account2")]).isEmpty)
                account.send(.query(id), Self.symbol)
                // Somebody takes it off by hand meanwhile.
                _ = try harness.model.cancel { _ in true }
                #expect(harness.refresh().isEmpty)
                try await harness.wait("it is back") { harness.told.contains(.recovered) }
                account.send(.query(id), Self.symbol)
                try await harness.wait("its end is told") { harness.events.contains(.cancelled(id)) }
            }
        }

        @Test func `D31: settings that cannot be are named and left out, the others hold`() async throws {
            let harness = try VenueHarness(.binance)
            var unknown = harness.settings()
            unknown.exchange = ExchangeID(rawValue: "lbank")
            var noWindow = harness.settings("third")
            noWindow.receiveWindow = 0
            var elsewhere = harness.settings("fourth")
            elsewhere.environment = .production
            var kucoin = harness.settings()
            kucoin.exchange = ExchangeID(rawValue: "kucoin")
            kucoin.credentials.passphrase = nil
            var armed = harness.settings("fifth", deadMansSwitch: 30)
            armed.environment = harness.settings().environment
            let problems = harness.registry.refresh([
                unknown, harness.settings(), harness.settings(), noWindow, elsewhere, kucoin, armed,
            ])
            let messages = problems.map(\.description)
            #expect(messages.count == 6)
            #expect(messages[0].hasPrefix("lbank/default: exchange lbank: must be one of binance, "))
            #expect(messages[1] == "binance/default: label default: must be given to one account of binance only")
            #expect(messages[2] == "binance/third: receiveWindow 0: must be 1 to 60000 milliseconds")
            #expect(
                messages[3] == "binance/fourth: environment: must be that of binance/default, as they share one market")
            #expect(messages[4] == "kucoin/default: passphrase: must be given for KuCoin")
            #expect(messages[5].hasSuffix("must be left out, as Binance has no dead man's switch"))
            #expect(!messages.joined().contains("secret\""))
            #expect(harness.registry.connectors.map(\.id.rawValue) == ["binance"])
            await harness.end()
        }

        @Test func `a wrong key is told, and not asked with again and again`() async throws {
            let harness = try VenueHarness(.binance)
            try await harness.server.start()
            #expect(harness.registry.refresh([harness.settings(secret: "wrong")]).isEmpty)
            let account = try await harness.account()
            await #expect(throws: (any Error).self) { _ = try await account.balances() }
            let signed = { harness.model.read { $0.log.filter { $0.hasSuffix("/account") }.count } }
            #expect(signed() == 1)
            for _ in 0..<5 { await #expect(throws: (any Error).self) { _ = try await account.balances() } }
            #expect(signed() == 1)
            let fault = try #require(harness.registry.states.first?.fault)
            #expect(fault.contains("authenticationError") && !fault.contains("wrong"))
            await harness.end()
        }

        @Test func `one exchange that hangs keeps no other waiting`() async throws {
            let hung = try VenueHarness(.kucoin)
            // Nobody ever starts its server: every call has to run into its deadline or be refused.
            #expect(hung.refresh().isEmpty)
            async let stuck: Void = {
                _ = try? await hung.account().subscribe(Self.symbol) { _ in }
            }()
            try await VenueHarness.with(.binance) { harness, account in
                let id = try await harness.place(account, try await harness.request(34))
                try await harness.wait("it is accepted") { harness.events.contains(.accepted(id)) }
            }
            await stuck
            await hung.end()
        }

        @Test func `accounts are read from the environment`() {
            let (accounts, faults) = ExchangeAccountSettings.read(
                environment: [
                    "BINANCE_API_KEY": "a", "BINANCE_SECRET": "b", "BINANCE_REST_URL": "http://127.0.0.1:9000",
                    "BINANCE_API_KEY_2": "c", "BINANCE_SECRET_2": "d", "OKX_API_KEY": "e", "OKX_SECRET": "f",
                    "OKX_PASSPHRASE": "g", "OKX_ENVIRONMENT": "testnet", "OKX_DEAD_MANS_SWITCH_SECONDS": "60",
                    "GATE_API_KEY": "h", "MEXC_API_KEY": "i", "MEXC_SECRET": "j", "MEXC_ENVIRONMENT": "moon",
                ], exchanges: NativeExchange.allCases.map(\.id))
            #expect(
                accounts.map { "\($0.exchange)/\($0.label)" } == [
                    "binance/default", "binance/account2", "mexc/default", "okx/default",
                ])
            #expect(accounts[0].environment == .custom(.init(rest: "http://127.0.0.1:9000")))
            #expect(accounts[3].environment == .testnet && accounts[3].deadMansSwitchSeconds == 60)
            #expect(accounts[3].credentials.passphrase?.reveal() == "g")
            #expect(
                faults == ["GATE_SECRET: must be given too", "MEXC_ENVIRONMENT=moon: must be production or testnet"])
            #expect(!"\(accounts)".contains("\"b\""))
        }
    }
}
