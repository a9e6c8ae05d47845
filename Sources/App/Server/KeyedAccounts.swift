import API
import ExchangeKeys
import Persistence

/// The accounts that this server can trade with, the paper exchange's and those it has keys for, by their names, without opening
/// any.
enum KeyedAccounts {
    static func names(_ files: ServerFiles, _ database: any SQLDatabase) async throws -> Set<String> {
        var names = try await ExchangeKeyNames.trading(in: database)
        for exchange in ConfigurationKey.exchangeNames {
            for (suffix, label) in EnvironmentKey.accounts
            where files.configuration.text("\(exchange)_API_KEY\(suffix)") != nil {
                names.insert("\(exchange.lowercased())/\(label)")
            }
        }
        return names.union(PaperOptions.accountNames)
    }
}
