import TradingCore

extension GateDialect {
    /// Gate says what is wrong in `{"label": …, "message": …}`. Source: "Gate API v4", Error handling.
    public func failure(in answer: EndpointAnswer, to request: EndpointRequest) -> ExchangeFailure? {
        let body = answer.body.withUnsafeBytes { try? JSONValue(utf8: $0) }
        if let label = body?.text("label") {
            return ExchangeFailure(
                GateDialect.kinds[label] ?? .exchangeError, code: label,
                message: body?.text("message") ?? body?.text("detail") ?? "")
        }
        guard let kind = ExchangeFailure.Kind(httpStatus: answer.status) else { return nil }
        return ExchangeFailure(kind, message: String(decoding: answer.body.prefix(200), as: UTF8.self))
    }

    /// A label of a row in the answer to a batch.
    static func failure(label: String, message: String) -> ExchangeFailure {
        ExchangeFailure(kinds[label] ?? .exchangeError, exchange: "gate", code: label, message: message)
    }

    private static let kinds: [String: ExchangeFailure.Kind] = [
        // What was asked
        "INVALID_PARAM_VALUE": .badRequest, "INVALID_PROTOCOL": .badRequest, "INVALID_ARGUMENT": .badRequest,
        "INVALID_REQUEST_BODY": .badRequest, "BAD_REQUEST": .badRequest, "NOT_ACCEPTABLE": .badRequest,
        "METHOD_NOT_ALLOWED": .badRequest, "INVALID_CONTENT_TYPE": .badRequest, "NOT_FOUND": .exchangeError,
        "INVALID_PRECISION": .invalidOrder,
        "MISSING_REQUIRED_PARAM": .argumentsRequired, "INVALID_CURRENCY": .badSymbol,
        "INVALID_CURRENCY_PAIR": .badSymbol, "INVALID_MARKET": .badSymbol,
        // Who asked
        "AUTHENTICATION_FAILED": .authenticationError, "INVALID_CREDENTIALS": .authenticationError,
        "INVALID_KEY": .authenticationError,
        "IP_FORBIDDEN": .authenticationError, "INVALID_SIGNATURE": .authenticationError,
        "MISSING_REQUIRED_HEADER": .authenticationError, "REQUEST_EXPIRED": .authenticationError,
        "READ_ONLY": .permissionDenied, "FORBIDDEN": .permissionDenied, "ACCOUNT_LOCKED": .accountSuspended,
        "SUB_ACCOUNT_LOCKED": .accountSuspended, "SUB_ACCOUNT_NOT_FOUND": .exchangeError,
        "USER_NOT_FOUND": .accountNotEnabled,
        // Money
        "BALANCE_NOT_ENOUGH": .insufficientFunds, "MARGIN_BALANCE_NOT_ENOUGH": .insufficientFunds,
        "TRADE_RESTRICTED": .insufficientFunds, "INSUFFICIENT_AVAILABLE": .insufficientFunds,
        // Orders
        "INVALID_CLIENT_ORDER_ID": .invalidOrder, "ORDER_NOT_FOUND": .orderNotFound,
        "CLIENT_ID_NOT_FOUND": .orderNotFound, "ORDER_CLOSED": .invalidOrder, "ORDER_CANCELLED": .invalidOrder,
        "ORDER_FINISHED": .orderNotFound, "QUANTITY_NOT_ENOUGH": .invalidOrder, "AMOUNT_TOO_LITTLE": .invalidOrder,
        "AMOUNT_TOO_MUCH": .invalidOrder, "REPEATED_CREATION": .invalidOrder, "TOO_MANY_ORDERS": .invalidOrder,
        "PRICE_TOO_DEVIATED": .invalidOrder, "FILL_IMMEDIATELY": .orderNotFillable,
        "POC_FILL_IMMEDIATELY": .orderImmediatelyFillable, "ORDER_POC_IMMEDIATE": .orderImmediatelyFillable,
        "ORDER_FOK": .orderNotFillable, "NOT_ENOUGH_FILL": .orderNotFillable, "NO_CHANGE": .noChange,
        // Withdrawals
        "INVALID_WITHDRAW_ID": .badRequest, "INVALID_WITHDRAW_CANCEL_STATUS": .badRequest,
        "ADDRESS_NOT_USED": .invalidAddress, "WITHDRAW_OFFLINE": .operationRejected,
        "DUPLICATE_REQUEST": .invalidOrder,
        // Gate itself
        "TOO_MANY_REQUESTS": .rateLimitExceeded, "TOO_FAST": .rateLimitExceeded, "INTERNAL": .exchangeNotAvailable,
        "SERVER_ERROR": .exchangeNotAvailable, "TOO_BUSY": .exchangeNotAvailable,
    ]
}
