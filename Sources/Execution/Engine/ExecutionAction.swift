public import TradingCore

/// What the engine wants done outside. The shell stores it, then does it, in order.
public enum ExecutionAction: Hashable, Sendable {
    case place(Approved<OrderRequest>)
    case cancel(ClientOrderID)
    /// Ask the exchange what became of an order.
    case query(ClientOrderID)
    /// Ask the exchange for every open order of a session's making: the proof that a stop is complete.
    case listOpenOrders(SessionID)
    /// Something an operator should hear of.
    case alert(Alert)
}

public enum Alert: Hashable, Sendable {
    case halted(SessionID, HaltReason)
    /// An event about an order that the table of transitions does not allow.
    case impossibleUpdate(ClientOrderID, OrderStatus, OrderUpdate)
    /// A fill of an order of ours that was no longer tracked; it has been booked.
    case fillOfUntracked(ClientOrderID)
    /// A fill that bears the id of an order of ours and cannot be that order's (``FillMismatch``). It was not booked: the store, which
    /// knows the order best, is to judge it.
    case mismatchedFill(Fill)
    case balanceDrift(FeeAsset)
    /// Drawdown is measured from another profit than before, for an operator has let the session go on.
    case drawdownCountsAnew(SessionID)
    case stopped(SessionID)
}
