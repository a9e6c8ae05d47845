print("mrmarket")
