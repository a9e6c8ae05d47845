import ccxt.async_support

# ccxt waits a quarter of a second for connections that no test opens.
ccxt.async_support.Exchange.timeout_on_exit = 0
