import Foundation
import Synchronization
import TradingCore

/// Moves of a market one after another, each of which makes a session cancel both its quotes and place two anew: one commit.
///
/// The next comes when the last is done, so that no book's change waits for the disk of the one before. Between two, the same pages are
/// put to the same disk bare, and a loop that does nothing is timed. All of it on a thread of its own, as an exchange's news come.
struct PlaceRun: Sendable {
    struct Times: Sendable {
        var disk: [Int64]
        var loop: [Int64]
    }

    let exchange: InstantExchange
    let symbol: Symbol
    let mid: Int64
    let folder: String

    func run(steps: Int) async throws -> Times {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try move(steps) }) }
            thread.name = "exchange"
            thread.start()
        }
    }

    private func move(_ steps: Int) throws -> Times {
        let disk = try BareLog(folder: folder, bytes: 12_288)
        var loop = BareLoop()
        for step in 0..<steps {
            exchange.market(symbol, mid: step % 2 == 0 ? mid + 100 : mid)
            while exchange.placedCount < 2 * (step + 1) { Thread.sleep(forTimeInterval: 0.000_5) }
            Thread.sleep(forTimeInterval: 0.002)
            if step % 4 == 0 {
                loop.run()
                try disk.append()
                Thread.sleep(forTimeInterval: 0.002)
            }
        }
        return Times(disk: disk.times, loop: loop.times)
    }
}
