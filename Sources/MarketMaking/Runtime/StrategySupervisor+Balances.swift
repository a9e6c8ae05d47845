import Exchanges
import Logging
import Persistence
import Scheduling
import TradingCore

/// By how much an account's total of an asset at the exchange is not what is booked.
struct BalanceDrift: Hashable, Sendable {
    var balance: AssetBalance
    var booked: FixedDecimal
    var difference: FixedDecimal
}

/// Deposits, withdrawals and whatever else moves funds at an exchange without an order of ours, taken up while the server runs.
///
/// Balances and fills come by different ways: one that is in the balances already may be booked a moment later. So a difference
/// counts when nothing was booked while the balances were asked for, when the next comparison finds the same one, and when the
/// exchange tells no fill of ours that is still to be booked.
extension StrategySupervisor {
    /// Between two comparisons: a deposit can be used after twice that.
    static var balancesInterval: Int64 { Nanoseconds.seconds(30) }

    /// Compares until the task is cancelled.
    func watchBalances() async {
        let schedule = runtime.registry.schedule("balances")
        defer { schedule.end() }
        var failure: String?
        while !Task.isCancelled {
            let next = runtime.time.now().advanced(byNanoseconds: Self.balancesInterval)
            do { try await schedule.wait(until: next, on: runtime.time, failure: failure) } catch { return }
            failure = await compareBalances()
        }
    }

    /// All accounts at once: one that does not answer keeps no other waiting.
    /// - Returns: which could not be compared.
    @discardableResult
    func compareBalances() async -> String? {
        var places: [String: TradingPlace] = [:]
        for place in executors.keys { places[place.accountName] = place }
        balanceDrifts = balanceDrifts.filter { places[$0.key] != nil }
        let failures = await withTaskGroup(of: String?.self, returning: [String].self) { group in
            for place in places.values { group.addTask { await self.compareBalances(of: place) } }
            var failures: [String] = []
            for await failure in group { if let failure { failures.append(failure) } }
            return failures
        }
        return failures.isEmpty ? nil : failures.sorted().joined(separator: "; ")
    }

    private func compareBalances(of place: TradingPlace) async -> String? {
        let name = place.accountName
        // What is being recovered takes the exchange's balances by itself.
        guard isReconciled, !isClosing, await isAtWork(name) else {
            balanceDrifts[name] = nil
            return nil
        }
        do {
            let drifts = try await drifts(of: place)
            let before = balanceDrifts[name] ?? [:]
            let (same, new) = (
                drifts.filter { before[$0.key]?.difference == $0.value.difference },
                drifts.filter { before[$0.key]?.difference != $0.value.difference }
            )
            balanceDrifts[name] = new
            // Recovery may have begun while the exchange was asked.
            if same.isEmpty { return nil }
            guard !isClosing, await isAtWork(name), try await !lacksFills(name) else { return nil }
            try await takeUp(same.values.sorted { $0.balance.asset < $1.balance.asset }, of: place)
            return nil
        } catch {
            balanceDrifts[name] = nil
            return "\(name): \(error)"
        }
    }

    private func lacksFills(_ accountName: String) async throws -> Bool {
        for (place, executor) in executors where place.accountName == accountName {
            if try await executor.lacksFills() { return true }
        }
        return false
    }

    /// All executors of the account hear the exchange.
    private func isAtWork(_ accountName: String) async -> Bool {
        for (place, executor) in executors where place.accountName == accountName {
            if isArriving(at: place) || recoveryFaults["\(place)"] != nil { return false }
            if await executor.silence != nil { return false }
        }
        return true
    }

    /// Of assets of which nothing was booked meanwhile.
    private func drifts(of place: TradingPlace) async throws -> [AssetID: BalanceDrift] {
        guard let connector = directory.connector(place.exchange) else { return [:] }
        let account = try await connector.account(place.account)
        let before = try await bookedTotals(place)
        let balances = try await account.balances()
        let after = try await bookedTotals(place)
        var drifts: [AssetID: BalanceDrift] = [:]
        for balance in balances {
            let (booked, atExchange) = (after[balance.asset] ?? .zero, try balance.free.adding(balance.locked))
            guard before[balance.asset] ?? .zero == booked, atExchange != booked else { continue }
            drifts[balance.asset] = BalanceDrift(
                balance: balance, booked: booked, difference: try atExchange.subtracting(booked))
        }
        return drifts
    }

    private func bookedTotals(_ place: TradingPlace) async throws -> [AssetID: FixedDecimal] {
        try await runtime.database.read { try AccountLedger(transaction: $0, place: place).totals() }
    }

    private func takeUp(_ drifts: [BalanceDrift], of place: TradingPlace) async throws {
        let now = runtime.time.now()
        let lines = try await runtime.database.write { transaction in
            let account = AccountLedger(transaction: transaction, place: place)
            let totals = try account.totals()
            // What was booked in between makes it another comparison.
            let unchanged = drifts.filter { totals[$0.balance.asset] ?? .zero == $0.booked }
            return try account.adopt(unchanged.map(\.balance), onlyMissing: false, now: now)
        }
        for line in lines { runtime.logger.notice("account \(place.accountName): \(line)") }
    }
}
