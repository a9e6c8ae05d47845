import Scheduling
import TradingCore

@testable import Simulators

/// The deciding part alone, on a market that stands still, told things in Binance's parameters.
struct SpotBench {
    let core: SpotCore

    init(_ configuration: SpotConfiguration? = nil) throws {
        let start = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
        core = try SpotCore(try configuration ?? FixedMarket.configuration(), genesis: start, depthStart: 1)
        try core.advance(to: start)
        core.isWatched = true
    }

    func ticket(_ text: String) throws -> SpotCommand.Place {
        var reader = ParameterReader(try RequestText(query: text, body: "").parameters)
        return SpotCommand.Place(account: "alice", symbol: "BTCUSDT", ticket: try OrderTicket(&reader), clientID: "x")
    }

    func order(_ account: String, _ text: String, id: String) throws -> SpotCommand.Place {
        var place = try ticket(text)
        (place.account, place.clientID) = (account, id)
        return place
    }

    @discardableResult
    func place(_ account: String, _ text: String, id: String = "x") throws -> SpotOutcome {
        core.perform(.place(try order(account, text, id: id)))
    }

    func cancel(_ account: String, _ id: String) -> SpotCommand.Cancel {
        SpotCommand.Cancel(
            target: .init(account: account, symbol: "BTCUSDT", orderID: nil, clientID: id), clientID: "c-\(id)")
    }

    func status(_ account: String, _ id: String) -> String? {
        core.records.find(.init(account: account, symbol: "BTCUSDT", orderID: nil, clientID: id))?.status.rawValue
    }

    /// An account's order events since last asked, as its stream tells them.
    func reports(_ account: String) -> [JSONValue] {
        let events = core.events.filter { $0.account == account }
        core.events.removeAll { $0.account == account }
        return events.compactMap { event in
            guard let json = try? JSONValue(SpotRenderer().event(event) { try? core.market($0) }.rendered) else {
                return nil
            }
            return json["e"] == .string("executionReport") ? json : nil
        }
    }
}

extension SpotOutcome {
    var refusal: SpotError? { if case .refused(let error) = self { error } else { nil } }
}
