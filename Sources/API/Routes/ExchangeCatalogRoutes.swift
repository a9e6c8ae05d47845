import Logging
import TradingCore

/// Exchanges that could be added, for the admin's dialog: which there are, what they are, what they trade.
struct ExchangeCatalogRoutes {
    let catalog: ExchangeCatalog
    let logger: Logger

    private static let base = "/admin/grow/exchange"
    private static let tag = "exchanges"

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, Self.base + "/ccxt-supported", "Names of all exchanges that ccxt knows", tag: Self.tag,
                answers: .json(.array(.string))
            ) {
                _ in
                do throws(ExchangeCatalog.Failure) {
                    return .json(.array(try await catalog.names().map(JSONTree.string)))
                } catch {
                    throw refusal(error, "", "Failed to get the exchanges")
                }
            },
            Endpoint(
                .get, Self.base + "/details/:id", "Name, addresses and logo of an exchange", tag: Self.tag,
                answers: .json(.anything),
                parameters: [.path("id", .string, "As ccxt-supported names it.")]
            ) { input in
                let id = try input.required("id")
                do throws(ExchangeCatalog.Failure) { return .json(JSONTree(try await catalog.details(id))) } catch {
                    throw refusal(error, id, "Failed to get details for \(id)")
                }
            },
            Endpoint(
                .get, Self.base + "/markets/:id", "Spot markets of an exchange with their rules", tag: Self.tag,
                answers: .json(.anything),
                parameters: [.path("id", .string, "As ccxt-supported names it.")]
            ) { input in
                let id = try input.required("id")
                do throws(ExchangeCatalog.Failure) { return .json(JSONTree(try await catalog.markets(id))) } catch {
                    throw refusal(error, id, "Failed to get markets for \(id)")
                }
            },
        ]
    }

    private func refusal(_ failure: ExchangeCatalog.Failure, _ id: String, _ text: String) -> APIError {
        switch failure {
        case .unknownExchange: return .typed(400, "Exchange \(id) is not supported by CCXT.")
        case .unavailable(let why): return .typed(503, "The ccxt sidecar is not available: \(why)")
        case .failed(let why):
            logger.warning("\(text): \(why)")
            return .typed(500, text)
        }
    }
}
