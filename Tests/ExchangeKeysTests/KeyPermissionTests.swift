import Exchanges
import Networking
import TestSupport
import Testing
import TradingCore

@testable import ExchangeKeys

/// What a key may do is what it is for, or says so.
@Suite struct KeyPermissionTests {
    private static func word(_ trade: Bool?, _ withdraw: Bool?) -> ScriptedValidator.Word {
        { _ in .success(KeyPermissions(canRead: true, canTrade: trade, canWithdraw: withdraw)) }
    }

    @Test func `a key for trading that cannot trade is refused, one of which nobody knows is not`() async throws {
        try await withKeys { bench in
            bench.validator.say(Self.word(false, false))
            let refused = await #expect(throws: ExchangeKeyError.self) { _ = try await bench.keyring.add(bench.new()) }
            #expect(refused == .cannotTrade(exchange: "binance", permissions: ["read"]))
            #expect(
                "\(try #require(refused))".hasPrefix(
                    "api_key with permissions read: must be able to trade on binance, as its purpose is trade"))
            #expect(try await bench.rows().isEmpty)
            // For withdrawals it need not.
            let withdraws = try await bench.keyring.add(bench.new(purpose: .withdraw, apiKey: "w"))
            bench.validator.say(Self.word(nil, nil))
            let unknown = try await bench.keyring.add(bench.new())
            #expect(withdraws.fault == nil && unknown.fault == nil)
        }
    }

    @Test func `a key that can no longer trade, or can withdraw now, says so in the list until that has changed`()
        async throws
    {
        try await withKeys { bench in
            let id = try await bench.keyring.add(bench.new()).id
            func listed() async throws -> ExchangeKeyView { try #require(try await bench.keyring.list().first) }
            #expect(try await listed().fault == nil)
            bench.validator.say(Self.word(false, false))
            bench.time.advance(byNanoseconds: ExchangeKeyring.interval + 1)
            _ = await bench.keyring.upkeep()
            var view = try await listed()
            #expect(view.fault == "cannot trade: its exchange lets it read alone" && view.faultCauses == [.permission])
            #expect(view.permissions.canTrade == false)
            #expect(try await bench.keyring.readiness().map(\.canTrade) == [false])
            bench.validator.say(Self.word(true, true))
            view = try await bench.keyring.check(id)
            #expect(view.fault == "can withdraw, though it is for trading: replace it by one that cannot")
            #expect(view.faultCauses == [.permission] && view.permissions.canWithdraw == true)
            // What the exchange has against it altogether comes first.
            bench.validator.say { _ in .failure(.refused("gone", [.key])) }
            view = try await bench.keyring.check(id)
            #expect(view.fault == "gone" && view.faultCauses == [.key])
            bench.validator.say(Self.word(true, false))
            view = try await bench.keyring.check(id)
            #expect(view.fault == nil && view.faultCauses.isEmpty)
        }
    }

    @Test func `a key that somebody insisted on may withdraw without a fault`() async throws {
        try await withKeys { bench in
            bench.validator.say(Self.word(true, true))
            let id = try await bench.keyring.add(bench.new(mayWithdraw: true)).id
            #expect(try await bench.keyring.check(id).fault == nil)
        }
    }

    // MARK: - One account, two labels

    @Test func `two labels of one account at the exchange say so, in the list and in the readiness`() async throws {
        try await withKeys { bench in
            bench.validator.say { account in
                var permissions = KeyPermissions(canRead: true, canTrade: true, canWithdraw: false)
                // Of a third label the exchange says nothing.
                permissions.accountID = account.label == "third" ? nil : account.label == "own" ? "u2" : "u1"
                return .success(permissions)
            }
            let first = try await bench.keyring.add(bench.new(apiKey: "a"))
            #expect(first.fault == nil)
            for label in ["second", "own", "third"] {
                let added = try await bench.keyring.add(bench.new(label: label, apiKey: label))
                #expect((added.fault == nil) == (label != "second"), "\(label)")
            }
            let faults = try await bench.keyring.list().map(\.fault)
            #expect(
                faults == [
                    "is of the same account at binance as binance/second: each counts all of its funds",
                    "is of the same account at binance as binance/default: each counts all of its funds", nil, nil,
                ])
            let told = try await bench.keyring.readiness().filter { !$0.faults.isEmpty }
            #expect(told.map(\.label) == ["default", "second"] && told.allSatisfy(\.canTrade))
            // An account's own withdrawal key is of the same account, as it should be.
            let withdraws = try await bench.keyring.add(bench.new(label: "own", purpose: .withdraw, apiKey: "w"))
            #expect(withdraws.fault == nil)
        }
    }

    @Test func `one key is of one label, whatever it is for`() async throws {
        try await withKeys { bench in
            _ = try await bench.keyring.add(bench.new(purpose: .withdraw, apiKey: "w"))
            let refused = await #expect(throws: ExchangeKeyError.self) {
                _ = try await bench.keyring.add(bench.new(label: "second", purpose: .withdraw, apiKey: "w"))
            }
            #expect(refused == .keyTaken("binance/default"))
        }
    }
}
