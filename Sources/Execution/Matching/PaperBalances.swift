public import TradingCore

/// What every account of a paper exchange owns, and what it has locked in orders.
///
/// Two accounts belong to the exchange itself: the *market*, counterparty of everything traded against recorded
/// liquidity, which may go negative, and *fees*. With them every movement is a transfer, so that the total of an asset
/// never changes but by ``deposit(_:_:to:)``.
public struct PaperBalances: Sendable {
    public struct Balance: Hashable, Sendable {
        public var free: FixedDecimal
        public var locked: FixedDecimal

        public init(free: FixedDecimal = .zero, locked: FixedDecimal = .zero) {
            self.free = free
            self.locked = locked
        }
    }

    /// An asset by its place in ``assets``.
    public struct AssetIndex: Hashable, Sendable {
        let value: Int
    }

    public static let market = AccountID(0)
    public static let fees = AccountID(1)

    public private(set) var assets: [AssetID] = []
    public private(set) var accountCount = 2
    private var capacity = 0
    /// Row per account, column per asset.
    private var free: [Int128] = []
    private var locked: [Int128] = []

    public init(assets: [AssetID]) {
        for asset in assets where !self.assets.contains(asset) { self.assets.append(asset) }
        capacity = self.assets.count
        free = Array(repeating: 0, count: 2 * capacity)
        locked = free
    }

    public mutating func openAccount() -> AccountID {
        accountCount += 1
        free += Array(repeating: 0, count: capacity)
        locked += Array(repeating: 0, count: capacity)
        return AccountID(Int32(accountCount - 1))
    }

    /// - Returns: nil for an asset that this exchange does not trade.
    public func index(of asset: AssetID) -> AssetIndex? {
        assets.firstIndex(of: asset).map(AssetIndex.init)
    }

    /// Brings an amount from outside. The only way a total changes.
    public mutating func deposit(
        _ amount: FixedDecimal, _ asset: AssetIndex, to account: AccountID
    ) throws(ArithmeticError) {
        let index = at(account, asset)
        free[index] = try FixedDecimal(raw: free[index]).adding(amount).raw
    }

    public func balance(_ account: AccountID, _ asset: AssetIndex) -> Balance {
        let index = at(account, asset)
        return Balance(free: FixedDecimal(raw: free[index]), locked: FixedDecimal(raw: locked[index]))
    }

    /// Everything of one asset, the exchange's own accounts included.
    public func total(_ asset: AssetIndex) -> FixedDecimal {
        var sum: Int128 = 0
        for account in 0..<accountCount {
            let index = account * capacity + asset.value
            sum += free[index] + locked[index]
        }
        return FixedDecimal(raw: sum)
    }

    // MARK: - Movements inside

    @inline(__always)
    private func at(_ account: AccountID, _ asset: AssetIndex) -> Int {
        Int(account.rawValue) &* capacity &+ asset.value
    }

    @inline(__always)
    func freeRaw(_ account: AccountID, _ asset: AssetIndex) -> Int128 { free[at(account, asset)] }

    /// - Returns: false, with nothing changed, when less than `amount` is free.
    mutating func lock(_ amount: Int128, _ asset: AssetIndex, of account: AccountID) -> Bool {
        let index = at(account, asset)
        guard free[index] >= amount else { return false }
        free[index] -= amount
        locked[index] += amount
        return true
    }

    mutating func unlock(_ amount: Int128, _ asset: AssetIndex, of account: AccountID) {
        let index = at(account, asset)
        assert(locked[index] >= amount, "unlocking more than is locked")
        locked[index] -= amount
        free[index] += amount
    }

    mutating func moveLocked(_ amount: Int128, _ asset: AssetIndex, from: AccountID, to: AccountID) {
        assert(locked[at(from, asset)] >= amount, "paying more than is locked")
        locked[at(from, asset)] -= amount
        free[at(to, asset)] += amount
    }

    mutating func move(_ amount: Int128, _ asset: AssetIndex, from: AccountID, to: AccountID) {
        free[at(from, asset)] -= amount
        free[at(to, asset)] += amount
    }
}
