extension ExchangeFailure {
    /// What kind of failure: a child is also of its parents' kinds.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        case baseError

        // The request was refused, and sending it unchanged is pointless.
        case exchangeError
        case authenticationError, permissionDenied, accountNotEnabled, accountSuspended
        case argumentsRequired
        case badRequest, badSymbol
        case operationRejected, noChange, marginModeAlreadySet, marketClosed, manualInteractionNeeded,
            restrictedLocation
        case insufficientFunds
        case invalidAddress, addressPending
        case invalidOrder, orderNotFound, orderNotCached, orderImmediatelyFillable, orderNotFillable, duplicateOrderId
        case contractUnavailable
        case notSupported

        // What became of the request is unknown.
        case operationFailed
        case networkError, ddosProtection, rateLimitExceeded, exchangeNotAvailable, onMaintenance
        case invalidNonce, checksumError, requestTimeout
        case badResponse, nullResponse
        case cancelPending

        public var parent: Kind? {
            switch self {
            case .baseError: nil
            case .exchangeError, .operationFailed: .baseError
            case .authenticationError, .argumentsRequired, .badRequest, .operationRejected, .insufficientFunds,
                .invalidAddress, .invalidOrder, .notSupported:
                .exchangeError
            case .permissionDenied, .accountSuspended: .authenticationError
            case .accountNotEnabled: .permissionDenied
            case .badSymbol: .badRequest
            case .noChange, .marketClosed, .manualInteractionNeeded, .restrictedLocation: .operationRejected
            case .marginModeAlreadySet: .noChange
            case .addressPending: .invalidAddress
            case .orderNotFound, .orderNotCached, .orderImmediatelyFillable, .orderNotFillable, .duplicateOrderId,
                .contractUnavailable:
                .invalidOrder
            case .networkError, .badResponse, .cancelPending: .operationFailed
            case .ddosProtection, .rateLimitExceeded, .exchangeNotAvailable, .invalidNonce, .requestTimeout:
                .networkError
            case .onMaintenance: .exchangeNotAvailable
            case .checksumError: .invalidNonce
            case .nullResponse: .badResponse
            }
        }

        /// Whether this is `kind` or one of its descendants.
        public func `is`(_ kind: Kind) -> Bool {
            var next: Kind? = self
            while let current = next {
                if current == kind { return true }
                next = current.parent
            }
            return false
        }
    }
}
