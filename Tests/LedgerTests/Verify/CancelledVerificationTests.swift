import Ledger
import Persistence
import Testing
import TradingCore

@Suite struct CancelledVerificationTests {
    @Test func `a verification that is told to stop does so at its next read`() async throws {
        try await withLedger { database in
            let order = try LedgerAccount(.order, "7", AssetID("USDT"))
            for number in 0..<20 { try await database.deposit("1", order, key: "d\(number)") }
            let task = Task {
                try await LedgerVerifier.verify(database, entriesPerRead: 1) { _ in
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }
}
