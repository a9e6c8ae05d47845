import TradingCore

/// What an account's stream tells.
extension SpotRenderer {
    func event(_ event: SpotEvent, _ market: (String) -> SpotMarket?) -> JSON {
        switch event.body {
        case .balances(let balances):
            return [
                "e": .text("outboundAccountPosition"), "E": time(event.time), "u": time(event.time),
                "B": .list(
                    balances.map {
                        ["a": .text($0.asset.rawValue), "f": .decimal($0.free), "l": .decimal($0.locked)]
                    }),
            ]
        case .transfer(let asset, let amount):
            return [
                "e": .text("balanceUpdate"), "E": time(event.time), "a": .text(asset.rawValue),
                "d": .decimal(amount), "T": time(event.time),
            ]
        case .order(let order, let execution):
            guard let market = market(order.symbol) else { return [:] }
            return report(event, order, execution, market)
        }
    }

    private func report(
        _ event: SpotEvent, _ order: SpotOrder, _ execution: SpotEvent.Execution, _ market: SpotMarket
    ) -> JSON {
        let (ticket, fill, cancelID) = (order.ticket, execution.fill, execution.cancelID)
        let head: JSON = [
            "e": .text("executionReport"), "E": time(event.time), "s": .text(order.symbol),
            "c": .text(cancelID ?? order.clientID), "S": Self.side(order.side), "o": .text(ticket.kind.rawValue),
            "f": .text(ticket.force.rawValue), "q": .decimal(market.amount(order.lots)),
            "p": .decimal(ticket.price ?? .zero), "P": .decimal(.zero), "F": .decimal(.zero), "g": .number(-1),
            "C": .text(cancelID == nil ? "" : order.clientID), "x": .text(execution.kind.rawValue),
            "X": .text(order.status.rawValue), "r": .text(execution.rejection ?? "NONE"), "i": .number(order.id),
        ]
        let middle: JSON = [
            "l": .decimal(fill.map { market.amount($0.lots) } ?? .zero), "z": .decimal(market.amount(order.executed)),
            "L": .decimal(fill.map { market.decimal($0.ticks) } ?? .zero),
            "n": fill.map { .decimal($0.commission) } ?? .text("0"),
            "N": fill.map { .text($0.commissionAsset.rawValue) } ?? .null, "T": time(fill?.time ?? order.updated),
            "t": .number(fill?.tradeID ?? -1), "I": .number(event.number), "w": .bool(execution.isOnBook),
            "m": .bool(fill?.isMaker ?? false), "M": .bool(false), "O": time(order.placed),
        ]
        let tail: JSON = [
            "Z": .decimal(order.value), "Y": .decimal(fill?.value ?? .zero),
            "Q": .decimal(ticket.quoteQuantity ?? .zero), "V": .text(ticket.prevention.rawValue),
        ]
        return head.adding(middle).adding(tail).adding(conditional(order, execution, market))
    }

    /// What a report has only where it means something.
    private func conditional(_ order: SpotOrder, _ execution: SpotEvent.Execution, _ market: SpotMarket) -> JSON {
        var report: JSON = [:]
        if let id = order.ticket.strategyID { report = report.adding(["j": .number(id)]) }
        if let type = order.ticket.strategyType { report = report.adding(["J": .number(type)]) }
        if execution.isOnBook { report = report.adding(["W": time(order.placed)]) }
        if execution.kind == .expired {
            report = report.adding(["eR": .number(order.ticket.force == .fillOrKill ? 3 : 2)])
        }
        if let prevented = order.prevented { report = report.adding(["A": .decimal(market.amount(prevented))]) }
        guard let match = execution.prevention else { return report }
        let isTaker = match.taker == order.id
        let lots = isTaker ? match.takerLots : match.makerLots
        let value = market.unit.notional(Price(ticks: match.ticks), Quantity(lots: lots))
        return report.adding([
            "v": .number(match.id), "B": .decimal(market.amount(lots)), "u": .number(-1),
            "U": .number(isTaker ? match.maker : match.taker), "Cs": .text(order.symbol),
            "pl": .decimal(market.amount(lots)), "pL": .decimal(market.decimal(match.ticks)), "pY": .decimal(value),
        ])
    }
}
