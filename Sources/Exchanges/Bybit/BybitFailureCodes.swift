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

    /// What an answer says where its code says less: one code stands for many refusals.
    static let phrases: [(text: String, kind: ExchangeFailure.Kind)] = [
        ("Not supported symbols", .badSymbol), ("Request timeout", .requestTimeout),
        ("unknown orderInfo", .orderNotFound), ("invalid api_key", .authenticationError),
        ("oc_diff", .insufficientFunds), ("new_oc", .insufficientFunds),
        ("openapi sign params error!", .authenticationError),
    ]

    private static let table: [(ExchangeFailure.Kind, String)] = [
        // General
        (.exchangeNotAvailable, "10000 10016 170032"),
        (.badRequest, "10001 10014 10017 10404 12141 12201 181000 181001 181017"),
        (.invalidNonce, "10002"),
        (.authenticationError, "10003 10004 10007 10009 33004"),
        (.permissionDenied, "10005 10010 10020 10024 10027 10028 10029"),
        (.rateLimitExceeded, "10006 10018 10429 170222"),
        (.accountSuspended, "10008"),
        // Orders of all categories
        (.orderNotFound, "110001 170213"),
        (.insufficientFunds, "110004 110006 110007 110012 110014 110044 110045 110051 110052 110053"),
        (
            .invalidOrder,
            """
            110003 110005 110008 110009 110010 110011 110016 110017 110019 110020 110021 110022 110023 110030 \
            110031 110032 110033 110034 110035 110036 110037 110038 110039 110040 110041 110042 110057 110058 110059 \
            110054 110055 110056 110064 110070 110072 110079 110092 110093 110094
            """
        ),
        (.noChange, "110025 110027"),
        (.marginModeAlreadySet, "110026"),
        (
            .badRequest,
            """
            110013 110015 110018 110024 110028 110029 110043 110046 110047 110048 110049 110050 110060 110061 110062
            """
        ),
        (.permissionDenied, "100028 110065 110067 110068 110069"),
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
            170229 170312 170313 \
            170371 170372 12137 181002 181003 181004 182000
            """
        ),
        (.badRequest, "170035 170036 170037 170105 170130"),
        (.badSymbol, "170221"),
        (.permissionDenied, "170201 170219 170224"),
        (.restrictedLocation, "170209"),
        (.manualInteractionNeeded, "170241"),
        (.notSupported, "170227"),
        // Deposits and withdrawals
        (
            .badRequest,
            """
            131002 131203 131081 131086 131088 131095 131096 131202 131204 131205 131207 131209 131210 131211 131213 \
            131214 131215
            """
        ),
        (.invalidAddress, "131083 131093 131098"),
        (.permissionDenied, "131004 131089 131090 131091 131094"),
        (.insufficientFunds, "131001 131085 131212 131228"),
        (.notSupported, "131231 131232"),
        (.exchangeNotAvailable, "131230"),
        // Inverse contracts, leveraged tokens, institutional loans and margin
        (.orderNotFound, "140001"),
        (.insufficientFunds, "140004 140006 140007 140012 140014 140044 140045 140051 140052 140053"),
        (
            .invalidOrder,
            """
            140003 140005 140008 140009 140010 140011 140015 140016 140017 140019 140020 140021 140022 140023 140028 \
            140030 140032 140033 140034 140035 140037 140040 140041 140042 140050 140054 140055 140056 140057 140058 \
            140059 140064 140070
            """
        ),
        (
            .badRequest,
            """
            140013 140018 140024 140025 140026 140027 140029 140031 140036 140038 140039 140043 140046 140047 140048 \
            140049 140060 140061 140062
            """
        ),
        (.permissionDenied, "140065 140067 140068 140069 175010 176035 176036 176037"),
        (.insufficientFunds, "175003 175006 176015"),
        (
            .invalidOrder,
            "175000 175001 175002 175004 175005 175007 175008 175009 175012 175013 175014 175015 175016 175017"
        ),
        (
            .badRequest,
            """
            176002 176003 176004 176005 176006 176007 176008 176009 176010 176011 176012 176013 176014 176016 176017 \
            176018 176019 176020 176021 176022 176023 176024 176025 176026 176027 176028 176029 176030 176031 176034 \
            176038 176039 176040
            """
        ),
        // Of the interfaces before the fifth version, which some endpoints still answer
        (.authenticationError, "-2015"),
        (.badRequest, "-10009 -1004 -1021 -1103 -6017 -6025 -6029"),
        (.invalidOrder, "-1140 -1197 -2013"),
        (.orderNotFound, "20001 30034"),
        (.rateLimitExceeded, "30033 30035"),
        (.permissionDenied, "30011 30012 30013"),
        (.insufficientFunds, "130021 30010 30031 30042 30049 30067 3200300"),
        (.badRequest, "20022 20023 20031 20070 20071 20084 30001 3100116 3100198 34036 35015 7001"),
        (
            .invalidOrder,
            """
            130006 130074 20003 20004 20005 20006 20007 20008 20009 20010 20011 20012 20013 20014 20015 20016 20017 \
            20018 20019 20020 20021 30003 30004 30005 30007 30008 30014 30015 30017 30018 30019 30020 30021 30022 \
            30023 30024 30025 30026 30027 30028 30029 30030 30032 30037 30043 30044 30045 30074 30075
            """
        ),
    ]
}
