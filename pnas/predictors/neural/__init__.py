"""Neural predictors: LSTM and MLP, fitted by TensorFlow and scored by NumPy."""
