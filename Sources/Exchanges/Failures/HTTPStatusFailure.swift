extension ExchangeFailure.Kind {
    /// What an HTTP status says where the exchange's own body says nothing; nil for success.
    public init?(httpStatus status: Int) {
        switch status {
        case ..<400: return nil
        case 422: self = .exchangeError
        case 418: self = .ddosProtection
        case 429: self = .rateLimitExceeded
        case 401, 407, 511: self = .authenticationError
        case 408, 504: self = .requestTimeout
        case 400, 403, 404, 405, 409, 410, 451, 500, 501, 502, 503, 520...526, 530: self = .exchangeNotAvailable
        default: self = .exchangeError
        }
    }
}
