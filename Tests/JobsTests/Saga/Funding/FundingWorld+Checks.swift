import Jobs
import Persistence
import Testing

extension FundingWorld {
    /// What holds at every moment.
    func checkAlways(_ context: String) throws {
        #expect(network.complaints.isEmpty, "\(context)")
        let sum = try database.transact {
            try $0.rows("SELECT amount FROM entries").reduce(Int64(0)) { try $0 + $1.get("amount", as: Int64.self) }
        }
        #expect(sum == 0, "\(context)")
        let ids = network.executed.map(\.requestID)
        #expect(Set(ids).count == ids.count, "\(context)")
    }

    /// What holds when nothing is left to do: money is conserved, and each deposit has exactly one disposition.
    func checkSettled(_ context: String) throws {
        try checkAlways(context)
        try look { desk in
            let custody = try desk.balance("custody")
            #expect(custody == network.balance, "\(context)")
            #expect(try desk.balance("outgoing") == 0, "\(context)")
            let dispositions = try dispositions(desk)
            #expect(dispositions.count == network.snapshots.count, "\(context)")
            #expect(!dispositions.values.contains("none"), "\(context)")
            for snapshot in network.snapshots {
                let deposit = snapshot.deposit
                let refunds = network.executed.filter {
                    $0.requestID == StableID.uuid("refund", deposit.snapshotID) && $0.recipient == deposit.payer
                        && $0.amount == deposit.amount
                }
                let expected = dispositions[deposit.snapshotID] == "refunded" ? 1 : 0
                #expect(refunds.count == expected, "\(context): \(deposit)")
            }
            for order in Self.orders { try checkOrder(order, desk, dispositions, context) }
            let refundCount = dispositions.values.count { $0 == "refunded" }
            let fundedCount = network.executions(to: "exchange").count
            #expect(network.executed.count == refundCount + fundedCount, "\(context)")
            for payment in try desk.payments() {
                #expect(payment.status == .confirmed || payment.status == .refused, "\(context): \(payment)")
            }
        }
    }

    private func checkOrder(
        _ order: String, _ desk: FundingDesk, _ dispositions: [String: String], _ context: String
    ) throws {
        let record = try desk.saga(order)
        #expect(record.status == .finished, "\(context): \(record)")
        #expect(try desk.balance("order/\(order)") == 0, "\(context)")
        let state = try desk.state(order)
        let credited = network.snapshots.filter {
            $0.memo == order && dispositions[$0.deposit.snapshotID] == "credited"
        }
        if state.step == .running {
            #expect(
                state.deposits.map(\.snapshotID).sorted() == credited.map(\.deposit.snapshotID).sorted(), "\(context)")
            let paid = network.executed.filter { $0.requestID == state.requestID }
            #expect(paid.map(\.amount) == [state.paid], "\(context)")
        } else {
            #expect(credited.isEmpty, "\(context)")
            #expect(!network.executed.contains { $0.requestID == state.requestID }, "\(context)")
        }
    }

    func dispositions(_ desk: FundingDesk) throws -> [String: String] {
        var dispositions: [String: String] = [:]
        for row in try desk.transaction.rows("SELECT snapshot_id, disposition FROM deposits") {
            dispositions[try row.get("snapshot_id")] = try row.get("disposition", as: String?.self) ?? "none"
        }
        return dispositions
    }
}
