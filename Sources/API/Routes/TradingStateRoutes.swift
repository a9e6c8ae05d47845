import Execution
import MarketMaking
import TradingCore

/// ACTIVE, REDUCING or HALTED, for the server, an account or a session.
struct TradingStateRoutes {
    let desk: any TradingDesk

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/admin/trading-state", "Every trading state that was set", tag: "admin",
                answers: .json(.array(.tradingState))
            ) { _ in
                .json(.array(try await desk.tradingStates().map(JSONTree.init)))
            },
            Endpoint(
                .post, "/admin/trading-state", "Set a trading state; it holds until set anew, over restarts",
                tag: "admin", answers: .json(.array(.tradingState)),
                parameters: [
                    .body("scope", .choice(["server", "account", "session"])),
                    .body("id", isRequired: false, "exchange/label of an account, strategyKey of a session"),
                    .body("state", .choice(["ACTIVE", "REDUCING", "HALTED"])),
                    .body("reason", .text(500), isRequired: false),
                ], takesOnlyParameters: true, status: 200, success: "All trading states"
            ) { input in
                guard let state = TradingState(wireName: try input.required("state")) else {
                    throw APIError.invalid(["state: must be ACTIVE, REDUCING or HALTED"])
                }
                try await desk.setTradingState(
                    TradingStateChange(
                        scope: try scope(input), state: state, reason: input.text("reason") ?? "no reason given"))
                return .json(.array(try await desk.tradingStates().map(JSONTree.init)))
            },
        ]
    }

    private func scope(_ input: EndpointInput) throws -> TradingScope {
        let kind = try input.required("scope")
        if kind == "server" {
            // Somebody who names one thing and would set all is better asked again.
            if let id = input.text("id") {
                throw APIError.invalid(["id \(id.prefix(64)): must be absent with scope server"])
            }
            return .server
        }
        guard let id = input.text("id") else { throw APIError.invalid(["id: is required with scope \(kind)"]) }
        return kind == "account" ? .account(id) : .session(id)
    }
}
