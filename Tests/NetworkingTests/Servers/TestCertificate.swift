/// A certificate for localhost, signed by itself, and its key: made for these tests, and nobody else trusts it.
enum TestCertificate {
    static let pem = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUTVBqD6t79+rkzfoQyuiqFneDQiMwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjAzNTUwNVoYDzIxMjYxMTAy
        MDM1NTA1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAQXEiSM86bjSiQP2cDMS3Dm56lHvEZaWQsXEkasOxg9Pe35azjriiJF
        V8Yy0AKamUXOypl/2+zcxK/2es93yTPQo28wbTAdBgNVHQ4EFgQUyFpFWUU2AqNQ
        2XGxsa+vpcBJ0fUwHwYDVR0jBBgwFoAUyFpFWUU2AqNQ2XGxsa+vpcBJ0fUwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDSAAwRQIgEYvAk2QGuWnE3jQITOxQ5MoJnpSLKgpyIE6R5jshhhoCIQDn
        Iqp6tIIX/doSjLIOS27cY+9I6g4zQg/sx6jYYI5Kuw==
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHF7ZFuJeGLoXJobh
        bp8bKDfxQ/l2kRcHz6dPiPYyceqhRANCAAQXEiSM86bjSiQP2cDMS3Dm56lHvEZa
        WQsXEkasOxg9Pe35azjriiJFV8Yy0AKamUXOypl/2+zcxK/2es93yTPQ
        -----END PRIVATE KEY-----
        """
}
