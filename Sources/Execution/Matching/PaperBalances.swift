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
    private var cells: [Cell] = []

    /// Raw 10⁻¹⁸ counts.
    private struct Cell {
        var free: Int128 = 0
        var locked: Int128 = 0

        mutating func lock(_ amount: Int128) -> Bool {
            guard free >= amount else { return false }
            free -= amount
            locked += amount
            return true
        }

        mutating func unlock(_ amount: Int128) {
            assert(locked >= amount, "unlocking more than is locked")
            locked -= amount
            free += amount
        }
    }

    public init(assets: [AssetID]) {
        for asset in assets where !self.assets.contains(asset) { self.assets.append(asset) }
        capacity = self.assets.count
        cells = Array(repeating: Cell(), count: 2 * capacity)
    }

    public mutating func openAccount() -> AccountID {
        accountCount += 1
        cells += Array(repeating: Cell(), count: capacity)
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
        cells[index].free = try FixedDecimal(raw: cells[index].free).adding(amount).raw
    }

    public func balance(_ account: AccountID, _ asset: AssetIndex) -> Balance {
        let index = at(account, asset)
        return Balance(free: FixedDecimal(raw: cells[index].free), locked: FixedDecimal(raw: cells[index].locked))
    }

    /// Everything of one asset, the exchange's own accounts included.
    public func total(_ asset: AssetIndex) -> FixedDecimal {
        var sum: Int128 = 0
        for account in 0..<accountCount {
            let index = account * capacity + asset.value
            sum += cells[index].free + cells[index].locked
        }
        return FixedDecimal(raw: sum)
    }

    // MARK: - Movements inside

    @inline(__always)
    private func at(_ account: AccountID, _ asset: AssetIndex) -> Int {
        Int(account.rawValue) &* capacity &+ asset.value
    }

    @inline(__always)
    func freeRaw(_ account: AccountID, _ asset: AssetIndex) -> Int128 { cells[at(account, asset)].free }

    /// - Returns: false, with nothing changed, when less than `amount` is free.
    @inline(__always)
    mutating func lock(_ amount: Int128, _ asset: AssetIndex, of account: AccountID) -> Bool {
        cells[at(account, asset)].lock(amount)
    }

    @inline(__always)
    mutating func unlock(_ amount: Int128, _ asset: AssetIndex, of account: AccountID) {
        cells[at(account, asset)].unlock(amount)
    }

    mutating func moveLocked(_ amount: Int128, _ asset: AssetIndex, from: AccountID, to: AccountID) {
        assert(cells[at(from, asset)].locked >= amount, "paying more than is locked")
        cells[at(from, asset)].locked -= amount
        cells[at(to, asset)].free += amount
    }

    mutating func move(_ amount: Int128, _ asset: AssetIndex, from: AccountID, to: AccountID) {
        cells[at(from, asset)].free -= amount
        cells[at(to, asset)].free += amount
    }
}
