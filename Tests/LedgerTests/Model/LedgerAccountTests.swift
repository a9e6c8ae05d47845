import Ledger
import Testing
import TradingCore

@Suite struct LedgerAccountTests {
    @Test(arguments: [
        ("order:7f3a-1/USDT", LedgerAccount.Kind.order, "7f3a-1", "USDT", false),
        ("unallocated:binance:main/BTC", .unallocated, "binance:main", "BTC", false),
        (
            "customer:u_1/4d8c508b-91c5-375b-92b0-ee702ed2dac5", .customer, "u_1",
            "4d8c508b-91c5-375b-92b0-ee702ed2dac5", false
        ),
        ("revenue:fees/USDT", .revenue, "fees", "USDT", false),
        ("world:mixin/USDT", .world, "mixin", "USDT", true),
        ("exchange:binance:main/USDT", .exchange, "binance:main", "USDT", true),
        ("fees:binance/BNB", .fees, "binance", "BNB", true),
    ])
    func `a path is read and written back`(
        path: String, kind: LedgerAccount.Kind, id: String, asset: String, mayOverdraw: Bool
    ) throws {
        let account = try LedgerAccount(path: path)
        #expect(account.kind == kind)
        #expect(account.id == id)
        #expect(account.asset == AssetID(asset))
        #expect(account.path == path)
        #expect(account.mayOverdraw == mayOverdraw)
        #expect(try LedgerAccount(kind, id, AssetID(asset)) == account)
    }

    @Test(arguments: [
        "", "/", "order", "order:7", "order:7/", "order:/USDT", ":7/USDT", "orders:7/USDT", "Order:7/USDT",
        "order:7/USDT/x", "order:a b/USDT", "order:7/US DT", "order:7/USDT\n", "order:é/USDT", "order:7/US:DT",
        "order:\(String(repeating: "x", count: 101))/USDT", "order:7/\(String(repeating: "x", count: 65))",
    ])
    func `what is no path is refused and named`(_ path: String) throws {
        let error = #expect(throws: LedgerError.self) { try LedgerAccount(path: path) }
        guard case .badAccount(let named, let rule) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(named == path || path.hasPrefix(named) || named.hasPrefix(path))
        #expect(!rule.isEmpty)
    }
}
