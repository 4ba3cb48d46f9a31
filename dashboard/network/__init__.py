"""The page Inside the network: the U-Net drawn, and what breaks without its parts."""
