"""What a person calls: train, test, demo, doctor; the command line is a thin shell over these."""
