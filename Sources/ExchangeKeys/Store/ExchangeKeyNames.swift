public import Persistence

/// Who may trade by the stored keys, told without opening them.
public enum ExchangeKeyNames {
    /// `exchange/label` of every account with a trading key.
    public static func trading(in database: any SQLDatabase) async throws -> Set<String> {
        let keys = try await database.read { try ExchangeKeyStore(transaction: $0).all() }
        return Set(keys.filter { $0.purpose == .trade }.map { "\($0.exchange)/\($0.label)" })
    }
}
