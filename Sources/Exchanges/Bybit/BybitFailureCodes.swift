/// Bybit's codes by what they mean; those not named are refusals of no special kind. A timeout or error within Bybit says
/// nothing of what became of the request.
enum BybitFailureCodes {
    static let kinds: [String: ExchangeFailure.Kind] = {
        var kinds: [String: ExchangeFailure.Kind] = [:]
        for (kind, codes) in table {
            for code in codes.split(separator: " ") { kinds[String(code)] = kind }
        }
        return kinds
    }()

    private static let table: [(ExchangeFailure.Kind, String)] = [
        // General
        (.exchangeNotAvailable, "10000 10016 170032"),
        (.badRequest, "10001 10014 10017 10404"),
        (.invalidNonce, "10002"),
        (.authenticationError, "10003 10004 10007 10009 33004"),
        (.permissionDenied, "10005 10010 10020 10024 10027 10028 10029"),
        (.rateLimitExceeded, "10006 10018 10429 170222"),
        (.accountSuspended, "10008"),
        // Orders of all categories
        (.orderNotFound, "110001 170213"),
        (.insufficientFunds, "110004 110006 110007 110012 110014 110044 110045 110047 110051 110052 110053"),
        (
            .invalidOrder,
            """
            110003 110005 110008 110009 110010 110011 110013 110016 110017 110019 110020 110021 110022 110023 110030 \
            110031 110032 110033 110034 110035 110036 110037 110038 110039 110040 110041 110042 110057 110058 110059 \
            110072 110079 110092 110093 110094
            """
        ),
        (.noChange, "110025 110027 110043"),
        (.marginModeAlreadySet, "110026"),
        (.badRequest, "110015 110018 110024 110028 110029 110046 110049 110050 110061 110062"),
        // Spot orders
        (.requestTimeout, "170007 170146 170147 170310"),
        (.cancelPending, "170212"),
        (.insufficientFunds, "170033 170034 170131 170223 170226"),
        (
            .invalidOrder,
            """
            170005 170010 170011 170019 170115 170116 170117 170121 170124 170132 170133 170134 170135 170136 170137 \
            170139 170140 170141 170142 170143 170144 170145 170148 170151 170157 170159 170190 170191 170192 170193 \
            170194 170195 170196 170197 170198 170199 170200 170202 170203 170204 170206 170210 170217 170218 170228 \
            170229 170312 170313
            """
        ),
        (.badRequest, "170035 170036 170037 170105 170130"),
        (.badSymbol, "170221"),
        (.permissionDenied, "170201 170219 170224"),
        (.manualInteractionNeeded, "170241"),
        (.notSupported, "170227"),
        // Deposits and withdrawals
        (.badRequest, "131002 131203 131081"),
        (.invalidAddress, "131083 131093 131098"),
        (.permissionDenied, "131004 131089 131090 131091 131094"),
        (.insufficientFunds, "131085 131212 131228"),
        (.exchangeNotAvailable, "131230"),
    ]
}
