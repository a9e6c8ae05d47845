import Foundation
import TestSupport
import Testing
import TradingCore

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// The program as an exchange whose market is another program's.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LiveExchangeCommandTests {
    private func ask(_ port: Int, _ path: String) async throws -> JSONValue {
        let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
        return try JSONValue(String(decoding: try await URLSession.shared.data(from: url).0, as: UTF8.self))
    }

    private func status(_ port: Int) async throws -> JSONValue? {
        guard case .array(let symbols)? = try await ask(port, "/api/v3/exchangeInfo")["symbols"] else { return nil }
        return symbols.first?["status"]
    }

    private func until(_ what: String, _ look: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(40)
        while ContinuousClock.now < deadline {
            if try await look() { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("waited in vain for \(what)")
    }

    @Test func `trades on what it hears, says when it hears nothing any more, and goes on when it does again`()
        async throws
    {
        let folders = (try TemporaryFolder(), try TemporaryFolder())
        let upstream = try await BinanceServerProcess(folder: folders.0.path)
        let live = [
            "--live", "binance", "--rest-url", "http://127.0.0.1:\(upstream.port)", "--stream-url",
            "ws://127.0.0.1:\(upstream.port)", "--silence", "3",
        ]
        let exchange = try await BinanceServerProcess(folder: folders.1.path, market: live)
        try await until("a whole market") { try await status(exchange.port) == .string("TRADING") }
        func price(_ port: Int) async throws -> FixedDecimal {
            guard case .string(let text)? = try await ask(port, "/api/v3/ticker/bookTicker?symbol=BTCUSDT")["bidPrice"],
                let price = FixedDecimal(text)
            else { throw ServerTimeout(what: "a price", log: exchange.said) }
            return price
        }
        let (there, here) = (try await price(upstream.port), try await price(exchange.port))
        // The market moves meanwhile, but not by a hundredth.
        #expect(abs((here.raw - there.raw) * 100 / there.raw) == 0, "\(here) is not \(there)")
        upstream.kill()
        try await until("a halt") { try await status(exchange.port) == .string("HALT") }
        #expect(exchange.said.contains("BTCUSDT is halted"))
        let again = try await BinanceServerProcess(folder: folders.0.path, port: upstream.port)
        try await until("trading again") { try await status(exchange.port) == .string("TRADING") }
        #expect(exchange.interrupt() == 0, "\(exchange.said)")
        _ = again.interrupt()
    }

    @Test(arguments: [
        (["--live", "mtgox"], "--live mtgox: must be one of"),
        (["--silence", "5"], "--silence: must come with --live"),
        (["--live", "binance", "--generate", "1"], "--generate: must be left out with --live"),
        (["--live", "binance", "--instrument", "BTC"], "--instrument BTC: must be BASE/QUOTE"),
        (["--live", "binance", "--instrument", "BTC/USDT,BTC/USDT"], "must be given once"),
        (["--live", "binance", "--silence", "0"], "--silence 0"),
        (["--live", "okx", "--rest-url", "x"], "--rest-url x"),
        (["--live", "okx", "--rest-url", "http://127.0.0.1:1"], "its markets cannot be had"),
        (["--accounts", "/nowhere.json"], "/nowhere.json: must be a file"),
    ])
    func `bad input is one clear line`(_ arguments: [String], _ words: String) throws {
        let folder = try TemporaryFolder()
        let result = try Program.run(
            ["paper-exchange", "--port", "0", "--journal", folder.path + "/x.db"] + arguments)
        #expect(result.code == 2 && result.errors.contains(words), "\(result.errors)")
        #expect(result.errorLines.count == 1, "\(result.errors)")
    }

    /// What is wrong in a file of accounts is told by place and rule, and no secret with it.
    @Test(arguments: [
        ("{}", "must be a list of accounts"), (#"[{"name":"a","funds":{}}]"#, "[0].keys: must be a list"),
        (#"[{"name":"a","funds":{"USDT":"-1"},"keys":[{"key":"k","secret":"hunter2"}]}]"#, "[0].funds.USDT"),
        (#"[{"name":"a","funds":{},"keys":[{"key":"k k","secret":"hunter2"}]}]"#, "[0].keys[0].key"),
        (#"[{"name":"a","funds":{},"keys":[{"key":"k"}]}]"#, "[0].keys[0]: must have either secret or publicKey"),
        (#"[{"name":"a","funds":{},"keys":[{"key":"k","publicKey":"hunter2"}]}]"#, "must be an Ed25519 public key"),
        (#"[{"name":"a","funds":{},"keys":[{"key":"k","secret":"hunter2","ipRestrict":["home"]}]}]"#, "ipRestrict"),
        (#"[{"name":"a","funds":{},"keys":[{"key":"k","secret":"hunter2","enableReading":1}]}]"#, "enableReading"),
        (#"[{"name":"a","funds":{},"keys":[{"key":"k","secret":"hunter2","color":1}]}]"#, "[0].keys[0].color"),
        (
            #"[{"name":"a","funds":{},"keys":[{"key":"k","secret":"hunter2"},{"key":"k","secret":"hunter2"}]}]"#,
            "the key k is given twice"
        ),
    ])
    func `a file of accounts is read by its rules`(_ text: String, _ words: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "accounts.json")
        let result = try Program.run([
            "paper-exchange", "--port", "0", "--journal", folder.path + "/x.db", "--accounts", path,
        ])
        #expect(result.code == 2 && result.errors.contains(words), "\(result.errors)")
        #expect(!result.errors.contains("hunter2") && result.errorLines.count == 1, "\(result.errors)")
    }
}
