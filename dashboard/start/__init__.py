"""The page Firstlight: what this is, a picture on its way out of the noise, and three ways on."""
