"""What is left of a gradient after so many steps, in SimpleRNN, LSTM and GRU."""
