import Exchanges
import Networking
import Persistence
import TestSupport
import Testing
import TradingCore

@testable import Simulators

/// The exchange that speaks Binance, with a journal that takes nothing.
@Suite(.timeLimit(.minutes(10))) struct SpotDiskTests {
    private struct Life {
        let running: SpotRunning
        let disk: FillableDisk

        init(_ path: String, isFull: Bool = false) async throws {
            disk = try await FillableDisk(path)
            running = try await SpotRunning(path, try FixedMarket.configuration(), disk: disk)
            disk.fill(isFull)
        }

        func place(_ name: String) async throws -> SpotRunning.Answer {
            try await running.ask(
                .post, "/api/v3/order",
                "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=59000&newClientOrderId=\(name)", as: "A")
        }

        func cancel(_ name: String) async throws -> SpotRunning.Answer {
            try await running.ask(.delete, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=\(name)", as: "A")
        }

        /// Names of what rests.
        func open() async throws -> [String] {
            try await running.ask(.get, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A").json.elements
                .compactMap { $0["clientOrderId"]?.string }.sorted()
        }

        func status(_ name: String) async throws -> String? {
            try await running.ask(.get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=\(name)", as: "A").text(
                "status")
        }
    }

    @Test func `with a full disk orders are refused and cancels carried out, and no kill forgets one`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/spot.db"
        var life = try await Life(path)
        for name in ["a", "b", "c", "d"] { #expect(try await life.place(name).status == 200) }
        life.disk.fill(true)
        #expect(try await life.place("e").code == -1001)
        #expect(try await life.cancel("a").text("status") == "CANCELED")
        #expect(try await life.cancel("a").code == -2011, "it is gone")
        let replaced = try await life.running.ask(
            .post, "/api/v3/order/cancelReplace",
            "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=59000&cancelOrigClientOrderId=b"
                + "&cancelReplaceMode=STOP_ON_FAILURE", as: "A")
        #expect(replaced.status != 200, "it would place one")
        #expect(try await life.open() == ["b", "c", "d"])
        // Killed: no checkpoint can be stored. Started twice on a disk that is full still, it owes on.
        await life.running.stop()
        for _ in 0..<2 {
            life = try await Life(path, isFull: true)
            #expect(try await life.open() == ["b", "c", "d"])
            #expect(try await life.status("a") == "CANCELED")
            await life.running.stop()
        }
        // There is room again: the next command takes along what is owed, and nothing is owed any more.
        life = try await Life(path)
        #expect(try await life.cancel("b").text("status") == "CANCELED")
        life.disk.fill(true)
        await life.running.stop()
        #expect(try OwedCancels<SpotCommand>(path: path + "-cancels").left.isEmpty)
        life = try await Life(path)
        #expect(try await life.open() == ["c", "d"])
        #expect(try await life.place("e").status == 200)
        await life.running.stop()
    }

    @Test func `all of a symbol's orders are cancelled, too, and end as they were told to have ended`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/spot.db"
        var life = try await Life(path)
        for name in ["a", "b", "c"] { #expect(try await life.place(name).status == 200) }
        life.disk.fill(true)
        let answer = try await life.running.ask(.delete, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A")
        let names = answer.json.elements.compactMap { $0["clientOrderId"]?.string }
        #expect(answer.status == 200 && Set(names).count == 3)
        await life.running.stop()
        life = try await Life(path)
        #expect(try await life.open() == [])
        let account = try await life.running.ask(.get, "/api/v3/account", "omitZeroBalances=true", as: "A")
        let locked = account.json["balances"]?.elements.compactMap { $0["locked"]?.string }
        #expect(locked == ["0.00000000", "0.00000000"])
        await life.running.stop()
    }
}
